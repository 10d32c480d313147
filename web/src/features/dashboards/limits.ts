/** As the contract has them; its schemas stay out of the console. */
export const gridColumns = 12;
export const widgetsLimit = 60;
export const layoutCharsLimit = 900_000;
export const rowPx = 48;
export const gapPx = 12;
