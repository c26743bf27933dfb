/**
 * The limits of one order. A request beyond one of them is rejected; nothing is cut off silently.
 * Lengths are in Unicode code points.
 */
export const orderLimits = {
  /**
   * Minor units of any amount. Has fifteen significant digits: every such decimal survives the way
   * through a JSON number (IEEE 754 double) unchanged.
   */
  maxAmountMinor: 999_999_999_999_999,
  /**
   * Lines of one order, more than almost any real one has (the longest of 20,725 invoices of a
   * retailer has 1,114). An event that changes one of them rewrites all of them in Redis.
   */
  maxItems: 5_000,
  /** Adjustments of one order. A tax and a discount for each kind of goods fit many times over. */
  maxAdjustments: 100,
  /** Entries of `item_ids`, each one unit. Keeps the document small, as `maxItems` does. */
  maxItemIds: 1_000,
  /** Units of one line. Keeps the unit counts of an order and of the metrics exact as numbers. */
  maxQuantity: 1_000_000,
  /** Length of a user id or an item id. A user id is also part of the order's index entry. */
  maxIdLength: 200,
  /** Length of a reason. A reason is stored for ever in the event that it explains. */
  maxReasonLength: 500,
  /** Length of a note. A note is stored for ever in its event. */
  maxNoteLength: 2_000,
  /** Length of the shop's own number of an order. It becomes part of an index entry. */
  maxOrderReferenceLength: 100,
  /**
   * Decimals of a unit price, in any currency: prices of screws and of kilowatt-hours have them.
   */
  maxUnitPriceDecimals: 6,
  /** Length of a payment reference, a carrier or a tracking number. Other systems issue them. */
  maxReferenceLength: 200,
  /** Entries of an order's metadata: with the two limits below, at most 30,000 characters. */
  maxMetadataPairs: 50,
  /** Length of a key of an order's metadata. */
  maxMetadataKeyLength: 100,
  /** Length of a value of an order's metadata. */
  maxMetadataValueLength: 500,
  /**
   * Items of all shipments of one order, each a line with its units. An event that changes a line
   * or a shipment rewrites all of them in Redis. All lines of the largest order may be shipped
   * together four times.
   */
  maxShippedItems: 20_000,
  /**
   * Events of one stream. The first command of a process on an order reads all of them, so they
   * must not become too many.
   */
  maxEventsPerOrder: 10_000,
  /**
   * The last of these events are kept for commands that close the order. Cancelling, delivering and
   * returning everything and settling the balance after each takes six.
   */
  reservedEvents: 10,
  /** First year of a business time (UTC offset as given). Earlier times are typing errors. */
  minOccurredAtYear: 1970,
  /** Last year of a business time (UTC offset as given). Later times are typing errors. */
  maxOccurredAtYear: 2199,
} as const;
