// The articles, the markets and the seasons of the shop.

/** Articles with their price in euro cents. `season` is the month (0 to 11) in which they sell. */
export const articles = [
  { id: 'espresso-cups', cents: 2490 },
  { id: 'kettle-copper', cents: 8900, season: 11 },
  { id: 'linen-apron', cents: 3990 },
  { id: 'oak-board', cents: 4500, season: 11 },
  { id: 'garden-lantern', cents: 5990, season: 5 },
  { id: 'picnic-blanket', cents: 4990, season: 6 },
  { id: 'wool-throw', cents: 7990, season: 10 },
  { id: 'beeswax-candles', cents: 1890, season: 11 },
  { id: 'carafe', cents: 3290, season: 6 },
  { id: 'tea-tin', cents: 1450 },
  { id: 'seed-box', cents: 2290, season: 2 },
  { id: 'watering-can', cents: 5490, season: 3 },
  { id: 'chef-knife', cents: 11900, season: 11 },
  { id: 'notebook', cents: 1290, season: 8 },
  { id: 'desk-lamp', cents: 12900, season: 9 },
  { id: 'soap-set', cents: 1690 },
];

/** Currencies with their share of orders, their price of a euro, and the step of their prices. */
export const markets = [
  { currency: 'EUR', share: 62, rate: 1, decimals: 2, carriers: ['DHL', 'Hermes', 'DPD'] },
  { currency: 'GBP', share: 18, rate: 0.86, decimals: 2, carriers: ['Royal Mail', 'Evri'] },
  { currency: 'USD', share: 15, rate: 1.09, decimals: 2, carriers: ['UPS', 'FedEx', 'USPS'] },
  { currency: 'JPY', share: 5, rate: 163, decimals: 0, carriers: ['Yamato', 'Sagawa'] },
];

export const reasons = {
  cancel: ['ordered by mistake', 'found it elsewhere', 'sold out', 'address not reachable'],
  return: ['does not fit the room', 'arrived damaged', 'changed my mind', 'not as described'],
  hold: ['the address is being checked', 'possible fraud: the bank was asked'],
  credit: ['a scratch; the customer keeps it', 'goodwill for the delay'],
};

export const notes = [
  'Ring twice.',
  'Gift: no invoice in the parcel.',
  'Customer called, asked for the tracking number.',
];

/** Orders of a month, compared with an average one: summer is slow, December is not. */
export const months = [0.8, 0.75, 0.9, 0.95, 1, 0.95, 0.8, 0.78, 0.95, 1.1, 1.5, 1.9];
/** The same for the days of a week, from Sunday. */
export const weekdays = [1.15, 1.1, 1, 0.98, 0.95, 0.9, 0.95];
/** The same for the hours of a day in UTC. */
export const hours = [2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 11, 13, 15, 14, 10, 6, 3];
