import { drift, type ModelKind, rounded, sunHeight } from './model.ts';

/** A single-phase meter of a workshop: 230 V, machines by day, and an energy counter that only rises. */
export const energyMeter: ModelKind = {
  name: 'energy-meter',
  profileName: 'Energy meter',
  description: 'Voltage, current, power and energy of a single-phase meter',
  countedKey: 'energy',
  about: (random) => ({ model: 'EM-1P', firmware: '3.2.1', serial: String(Math.floor(random.between(1e7, 1e8))) }),
  create(random) {
    const rated = random.between(2, 14);
    let current = rated / 2;
    let energy = random.between(100, 9000);
    let lastMs: number | undefined;
    return {
      read(nowMs) {
        const voltage = 230 + random.gaussian() * 1.2;
        const load = 0.25 + 0.75 * Math.max(0, sunHeight(nowMs));
        current = Math.max(0.05, drift(current, rated * load, 0.1, rated * 0.04, random));
        const power = voltage * current * 0.96;
        energy += (power * Math.max(0, nowMs - (lastMs ?? nowMs))) / 3_600_000_000;
        lastMs = nowMs;
        return {
          voltage: rounded(voltage, 1),
          current: rounded(current, 3),
          power: rounded(power, 1),
          energy: rounded(energy, 5),
        };
      },
    };
  },
};
