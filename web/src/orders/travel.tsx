import { useId } from 'preact/hooks';
import { IconButton } from '../ui/button.js';

interface TravelProps {
  readonly version: number;
  readonly last: number;
  readonly onTravel: (version: number) => void;
}

/** A slider through the versions of the order. */
export function Travel({ version, last, onTravel }: TravelProps) {
  const id = useId();
  if (last < 2) return null;
  return (
    <section class="card travel-card" aria-label="Travel in time">
      <label for={id}>
        Version {version} of {last}
      </label>
      <IconButton
        label="One version back"
        icon="left"
        isDisabled={version <= 1}
        onClick={() => onTravel(Math.max(1, version - 1))}
      />
      <input
        id={id}
        type="range"
        min={1}
        max={last}
        value={version}
        aria-valuetext={`Version ${version} of ${last}`}
        onInput={(event) => onTravel(Number(event.currentTarget.value))}
      />
      <IconButton
        label="One version on"
        icon="right"
        isDisabled={version >= last}
        onClick={() => onTravel(Math.min(last, version + 1))}
      />
    </section>
  );
}
