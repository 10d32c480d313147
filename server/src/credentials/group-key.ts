/** What the sealed group key of a profile is bound to. The sealed text is its base64url. */
export function groupKeyContext(profileId: string): string {
  return `profile-group-key:${profileId}`;
}
