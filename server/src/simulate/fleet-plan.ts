/** Which devices a fleet has: names, kinds, transports, turns. The same plan every time it is asked for. */
import { createHmac } from 'node:crypto';
import type { ModelKind } from './models/model.ts';
import type { DeviceSpec } from './simulated-device.ts';
import type { Transport } from './uplink.ts';

export interface FleetPlan {
  readonly count: number;
  /** Before every name, so that fleets do not meet; '' for none. */
  readonly prefix: string;
  /** Dealt out in turn. */
  readonly kinds: readonly ModelKind[];
  /** Dealt out in turn. */
  readonly transports: readonly Transport[];
  readonly provisionKey: string;
  readonly provisionSecret: string;
}

export function planFleet(plan: FleetPlan): DeviceSpec[] {
  const digits = String(plan.count).length;
  return Array.from({ length: plan.count }, (_, index) => {
    const kind = plan.kinds[index % plan.kinds.length];
    // Every kind uses every transport, also when there are as many of the one as of the other.
    const transport = plan.transports[Math.floor(index / plan.kinds.length) % plan.transports.length];
    if (kind === undefined || transport === undefined) throw new RangeError('A fleet needs a kind and a transport.');
    const name = `${plan.prefix === '' ? '' : `${plan.prefix}-`}${kind.name}-${String(index + 1).padStart(digits, '0')}`;
    return {
      name,
      kind,
      transport,
      provisionKey: plan.provisionKey,
      provisionSecret: plan.provisionSecret,
      token: deviceToken(plan.provisionSecret, name),
      phase: index / plan.count,
    };
  });
}

/**
 * A real device keeps its token in flash; a simulated one computes the same token again, so that a second run with the
 * same names connects instead of being refused. Who knows the provisioning secret could compute it too, which is why
 * only simulated devices do so.
 */
function deviceToken(secret: string, name: string): string {
  return createHmac('sha256', secret).update(name).digest('base64url').slice(0, 24);
}
