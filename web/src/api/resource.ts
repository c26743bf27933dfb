import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ProblemError } from './client.js';
import { credential } from './session.js';

/** Lists are read again this often while no stream reports their changes. */
export const listPollMs = 5_000;

/** Something that was read from the service, and may be read again. */
export interface Resource<Data> {
  /** The result of the last read. It stays while a further read is under way or has failed. */
  readonly data: Data | undefined;
  /** Why the last read failed. */
  readonly error: unknown;
  readonly isLoading: boolean;
  /** When `data` was read, in milliseconds since 1970. */
  readonly readAt: number | undefined;
  readonly reload: () => void;
}

interface State<Data> {
  readonly key: string;
  readonly data?: Data;
  readonly error?: unknown;
  readonly isLoading: boolean;
  readonly readAt?: number;
}

/**
 * Reads from the service, again when `key` changes and every `everyMs` if that is given. After a
 * temporary failure it reads again in any case, after a permanent one never. A hidden tab does not
 * read.
 * @param key names what is read; data of another key is not shown.
 */
export function useResource<Data>(
  key: string,
  read: (signal: AbortSignal) => Promise<Data>,
  everyMs: number | undefined = undefined,
): Resource<Data> {
  const [state, setState] = useState<State<Data>>({ key, isLoading: true });
  const [round, setRound] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  const credentialNow = credential.value;

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const readOnce = async () => {
      setState((before) => (before.key === key ? { ...before, isLoading: true } : { key, isLoading: true }));
      let againMs = everyMs;
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ key, data, isLoading: false, readAt: Date.now() });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...(before.key === key ? before : { key }), key, error, isLoading: false }));
        againMs = mayPass(error) ? (everyMs ?? listPollMs) : undefined;
      }
      if (!abort.signal.aborted && againMs !== undefined) next(againMs);
    };
    const next = (ms: number) => {
      timer = setTimeout(() => (document.hidden ? next(ms) : void readOnce()), ms);
    };
    void readOnce();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, round, credentialNow]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const shown: State<Data> = state.key === key ? state : { key, isLoading: true };
  return { data: shown.data, error: shown.error, isLoading: shown.isLoading, readAt: shown.readAt, reload };
}

/**
 * Whether another attempt may succeed. A new order is not found until the read models show it.
 * Other problems of the request stay the same.
 */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return true;
  const { status = 500 } = error.problem;
  return status >= 500 || [404, 408, 429].includes(status);
}
