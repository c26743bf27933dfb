import { useRef } from 'preact/hooks';

const windowMs = 10_000;

/** How much a number rises per second, over the last seconds; undefined until that is known. */
export function useRate(value: number): number | undefined {
  const samples = useRef<{ readonly at: number; readonly value: number }[]>([]);
  const now = Date.now();
  if (samples.current.at(-1)?.value !== value || now - (samples.current.at(-1)?.at ?? 0) > 1_000) {
    samples.current = [...samples.current.filter(({ at }) => now - at < windowMs), { at: now, value }];
  }
  const [first] = samples.current;
  const seconds = first ? (now - first.at) / 1000 : 0;
  return first && seconds >= 1 ? Math.max(0, (value - first.value) / seconds) : undefined;
}
