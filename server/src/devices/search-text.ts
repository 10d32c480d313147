/** What a search looks through: name and label in lower case, apart by a character that neither can hold. */
export function searchText(name: string, label: string): string {
  return `${name}\n${label}`.toLowerCase();
}

/** The LIKE pattern (with `\` as its escape character) that finds a part of a name or label in any case. */
export function searchPattern(part: string): string {
  return `%${part.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
}
