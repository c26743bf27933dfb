/** The reason why a row, or an order of several rows, is not imported. */
export class Refused extends Error {}

/** The reason why an order is listed for the user instead: it is neither placed nor wrong. */
export class SetAside extends Refused {}
