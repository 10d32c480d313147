import { drift, type ModelKind, rounded } from './model.ts';

/** A refrigerated lorry between Surabaya and Malang: it moves, its door opens now and then, and the load warms. */
export const coldChain: ModelKind = {
  name: 'cold-chain',
  profileName: 'Cold chain',
  description: 'Temperature, door, battery and position of a refrigerated lorry',
  countedKey: 'temperature',
  about: (random) => ({
    model: 'CC-Track',
    firmware: '2.0.3',
    plate: `L ${Math.floor(random.between(1000, 9999))} GP`,
  }),
  create(random) {
    let temperature = random.between(2.5, 5);
    let battery = random.between(60, 100);
    let way = random.next();
    let direction = random.next() < 0.5 ? -1 : 1;
    let openReadings = 0;
    return {
      read() {
        if (openReadings > 0) openReadings--;
        else if (random.next() < 0.01) openReadings = Math.ceil(random.between(3, 12));
        const isOpen = openReadings > 0;
        temperature = drift(temperature, isOpen ? 24 : 3.5, isOpen ? 0.04 : 0.08, 0.05, random);
        battery = battery <= 12 ? 100 : battery - 0.01; // charged at the depot
        // A lorry stands while its door is open.
        if (!isOpen) way += direction * random.between(0.0002, 0.0006);
        if (way > 1 || way < 0) direction = -direction;
        way = Math.min(1, Math.max(0, way));
        return {
          temperature: rounded(temperature, 2),
          doorOpen: isOpen,
          battery: rounded(battery, 1),
          latitude: rounded(-7.2575 + way * (-7.9666 + 7.2575) + random.gaussian() * 0.00002, 6),
          longitude: rounded(112.7521 + way * (112.6326 - 112.7521) + random.gaussian() * 0.00002, 6),
        };
      },
    };
  },
};
