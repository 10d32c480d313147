import { drift, type ModelKind, rounded, sunHeight } from './model.ts';

/** Warm by day, humid by night; the soil dries until it is watered. */
export const greenhouse: ModelKind = {
  name: 'greenhouse',
  profileName: 'Greenhouse',
  description: 'Temperature, humidity, soil moisture and light of a bed',
  countedKey: 'temperature',
  about: (random) => ({ model: 'GH-2', firmware: '1.4.0', bed: Math.floor(random.between(1, 13)) }),
  create(random) {
    const warmth = random.between(-1.5, 1.5);
    let temperature = 26 + warmth;
    let humidity = 70;
    let soilMoisture = random.between(35, 60);
    return {
      read(nowMs) {
        const sun = Math.max(0, sunHeight(nowMs));
        temperature = drift(temperature, 23 + warmth + 9 * sun, 0.05, 0.08, random);
        humidity = Math.min(99, Math.max(30, drift(humidity, 85 - 30 * sun, 0.05, 0.4, random)));
        soilMoisture -= 0.01 + 0.03 * sun * random.next();
        if (soilMoisture < 28) soilMoisture = random.between(58, 64); // watered
        return {
          temperature: rounded(temperature, 2),
          humidity: rounded(humidity, 1),
          soilMoisture: rounded(soilMoisture, 1),
          light: Math.max(0, Math.round(60_000 * sun * random.between(0.85, 1))),
        };
      },
    };
  },
};
