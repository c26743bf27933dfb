import { useEffect, useId, useState } from 'preact/hooks';
import { count } from '../format/numbers.js';
import { IconButton } from '../ui/button.js';

interface TravelProps {
  readonly version: number;
  readonly last: number;
  readonly onTravel: (version: number) => void;
}

/** The slider has rested for this long before its version is read: each reading replays the order. */
const restMs = 150;

/** A slider through the versions of the order. */
export function Travel({ version, last, onTravel }: TravelProps) {
  const id = useId();
  /** The version under the thumb while it moves. */
  const [moved, setMoved] = useState<number>();
  useEffect(() => {
    if (moved === undefined) return;
    const timer = setTimeout(() => {
      setMoved(undefined);
      onTravel(moved);
    }, restMs);
    return () => clearTimeout(timer);
  }, [moved]);
  if (last < 2) return null;
  const shown = moved ?? version;
  return (
    <section class="card travel-card" aria-label="Travel in time">
      <label for={id}>
        Version {count(shown)} of {count(last)}
      </label>
      <IconButton
        label="One version back"
        icon="left"
        isDisabled={shown <= 1}
        onClick={() => setMoved(Math.max(1, shown - 1))}
      />
      <input
        id={id}
        type="range"
        min={1}
        max={last}
        value={shown}
        aria-valuetext={`Version ${count(shown)} of ${count(last)}`}
        onInput={(event) => setMoved(Number(event.currentTarget.value))}
      />
      <IconButton
        label="One version on"
        icon="right"
        isDisabled={shown >= last}
        onClick={() => setMoved(Math.min(last, shown + 1))}
      />
    </section>
  );
}
