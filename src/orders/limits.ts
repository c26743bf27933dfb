/**
 * The limits of one order. A caller who meets one is told its name and value; none is silently applied.
 */
export const orderLimits = {
  /** Fifteen significant digits: every such decimal survives the trip through a JSON number (IEEE 754 double) unchanged. */
  maxAmountMinor: 999_999_999_999_999,
  /** Lines of one order. Keeps the order's document, which is rewritten on every event, small. */
  maxItems: 500,
  /** Entries of `item_ids`, the form in which each occurrence is one unit. */
  maxItemIds: 1_000,
  maxQuantity: 1_000_000,
  maxIdLength: 200,
  maxReasonLength: 500,
  maxNoteLength: 2_000,
  maxReferenceLength: 200,
  maxMetadataPairs: 50,
  maxMetadataKeyLength: 100,
  maxMetadataValueLength: 500,
  /** A stream is loaded whole to decide on it, so it must stay short enough to load. */
  maxEventsPerOrder: 10_000,
  /** Business times before this year are typing errors, and after it cannot be told from them. */
  minOccurredAtYear: 1970,
  maxOccurredAtYear: 2199,
} as const;
