/** How somebody who is connected came in, held against what the profile of the device asks for now. */
import { type MinAuth, minAuths } from '#contract/profiles.ts';

export interface Means {
  readonly secure: boolean;
  /** How the device proved who it is. */
  readonly proof: MinAuth;
  /** Its access token stood in the path of a request. */
  readonly isTokenInPath: boolean;
}

/** What a profile asks of connections, as its row has it. */
export interface ProfileRules {
  readonly tls_only: number;
  readonly token_in_path: number;
  readonly min_auth: MinAuth;
}

/** Whether the gate would let in today what came in by these means. */
export function suffices({ secure, proof, isTokenInPath }: Means, rules: ProfileRules): boolean {
  if (minAuths.indexOf(proof) < minAuths.indexOf(rules.min_auth)) return false;
  if (isTokenInPath && rules.token_in_path !== 1) return false;
  return secure || rules.tls_only !== 1;
}
