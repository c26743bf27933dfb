import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
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
 * Reads from the service, again when `key` changes and every `everyMs` if that is given. A hidden
 * tab does not read.
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
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ key, data, isLoading: false, readAt: Date.now() });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...(before.key === key ? before : { key }), key, error, isLoading: false }));
      }
      if (!abort.signal.aborted && everyMs !== undefined) timer = setTimeout(next, everyMs);
    };
    const next = () => {
      if (document.hidden) timer = setTimeout(next, everyMs);
      else void readOnce();
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
