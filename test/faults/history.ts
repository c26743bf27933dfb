/**
 * The record of one run of the fault harness: the only input of the checker besides the log and the
 * running service. It is written as NDJSON, one record per line, in order of `at`, in milliseconds
 * of the harness's monotonic clock since the start of the run.
 */
export type HistoryRecord =
  | CallRecord
  | StreamRecord
  | WebhookRecord
  | FaultRecord
  | LossRecord
  | ForgottenRecord
  | PlantedRecord;

/** One HTTP call that has ended. Status 0: no response was received, so the outcome is unknown. */
export interface CallRecord {
  readonly kind: 'call';
  /** Number of the caller. Calls of one caller never overlap. */
  readonly client: number;
  readonly startedAt: number;
  readonly at: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Body that was sent, if any: parsed JSON, or a list of the lines of a batch. */
  readonly body?: unknown;
  /** Idempotency-Key that was sent. A retry of a call repeats it. */
  readonly key?: string;
  /** Min-Event-Position that was sent, if any. */
  readonly minPosition?: string;
  readonly status: number;
  /** Selected headers in lower case: event-position, etag, retry-after, idempotency-replayed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Body of the response, if one was received whole; the list of the results of a batch. */
  readonly response?: unknown;
  /** The text of a response that is whole and is not the JSON that it should be. */
  readonly unreadable?: string;
}

/** A message that a reader of a change stream received. */
export interface StreamRecord {
  readonly kind: 'stream';
  /** Number of the reader. A reader resumes with Last-Event-ID after each break. */
  readonly reader: number;
  readonly at: number;
  readonly id: string | null;
  /** 'message' for a change, 'reset', or 'open' when the stream was opened after the id. */
  readonly event: string;
  readonly data: unknown;
  /** The text of data that is not JSON. */
  readonly unreadable?: string;
}

/** A delivery that the webhook receiver got. `answered` is the status of its response. */
export interface WebhookRecord {
  readonly kind: 'webhook';
  readonly at: number;
  /** The time of day in seconds since 1970, with which the signed time is compared. */
  readonly receivedAt: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as they were received, which are signed, as a text. */
  readonly body: string;
  readonly answered: number;
}

/** A fault that began, and when all was well again (null: the run ended before). */
export interface FaultRecord {
  readonly kind: 'fault';
  readonly at: number;
  readonly name: string;
  readonly detail: string;
  readonly healedAt: number | null;
  readonly readyAt: number | null;
}

/** A restore that lost the end of the log: what `orders recover` listed. */
export interface LossRecord {
  readonly kind: 'loss';
  readonly at: number;
  /** First lost position of each partition, as `orders recover` reported it. */
  readonly lostFrom: Readonly<Record<number, number>>;
}

/** A person was forgotten: `orders forget` has ended. */
export interface ForgottenRecord {
  readonly kind: 'forgotten';
  readonly at: number;
  /** The user id, which contains a name, and other texts of the person. */
  readonly texts: readonly string[];
}

/** An order that the harness itself has written to the log, with an event that no fold accepts. */
export interface PlantedRecord {
  readonly kind: 'planted';
  readonly at: number;
  readonly orderId: string;
}

/** The checker's input: what a run recorded, and where its servers still answer. */
export interface RecordedRun {
  readonly history: readonly HistoryRecord[];
  /** A superuser's URL of the present primary. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The address of an API process that is ready. */
  readonly baseUrl: string;
  /** A key with all scopes. Its subject, the actor of all calls, is `shop`. */
  readonly apiKey: string;
  /** The secret that deliveries are signed with, as the response to the creation has it. */
  readonly webhookSecret: string;
  /** The folders with the files of the present primaries. */
  readonly folders: { readonly postgres: string; readonly redis: string };
  /** Heap snapshots of the processes, with their names. Empty if there are none. */
  readonly heaps: readonly { readonly process: string; readonly file: string }[];
}

/** The checker's result. An anomaly is a sentence with order id, positions and call numbers. */
export interface Findings {
  readonly anomalies: readonly string[];
  /** How much of each kind was checked: a check of nothing proves nothing. */
  readonly checked: Readonly<Record<string, number>>;
}
