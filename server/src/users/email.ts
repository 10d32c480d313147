/**
 * The form in which addresses are compared and stored. RFC 5321 lets the local part depend on case; no mail service
 * that people use does, and two users that differ only in case would be a trap.
 */
export function normaliseEmail(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}
