/** The reason why a row, or an order of several rows, is not imported. */
export class Refused extends Error {}
