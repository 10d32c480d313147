/** What one import may bring. A million devices in 64 MiB leave 67 bytes for each; larger ones come in parts. */
export const maxBytes = 64 * 1024 * 1024;
export const maxRows = 1_000_000;
/** Longest line, characters: a description and attributes fit. It is what is held of an unfinished line. */
export const maxLineLength = 64 * 1024;
/** A header with more is not one. */
export const maxColumns = 500;
/** Devices in one commit: enough to make it cheap, few enough to leave the process to others in between. */
export const batchRows = 500;
/** Errors in a summary; the NDJSON answer tells all. */
export const maxSummaryErrors = 1000;
/** As much of a name as an error repeats. */
export const maxShownName = 255;
/** Imports at the same time: each keeps the database writer and a share of the process busy. */
export const maxConcurrentImports = 2;
