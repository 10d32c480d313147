/** How far clocks may differ. */
export const skewS = 60;
/** The longest life of a token, s. */
export const maxLifeS = { bearer: 86_400, signed: 300, assertion: 300 } as const;
/** Life of a bearer token that the server makes, s. */
export const issuedLifeS = 3600;
/** Bearer tokens remembered: about 700 bytes each with the token itself. */
export const rememberedTokens = 50_000;
/** Key names that nobody has, looked up per address: each costs an indexed read, so they are not free without end. */
export const unknownKids = [{ count: 1000, periodMs: 10_000 }];
export const maxAddresses = 10_000;
/** Client assertions remembered until they have ended, so that each works once. */
export const rememberedAssertions = 50_000;
