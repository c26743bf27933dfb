import { count } from '../format/numbers.js';
import { Input } from '../ui/field.js';
import type { Values } from './command-body.js';
import type { FieldSpec } from './command-specs.js';
import { useFewLines } from './few-lines.js';

interface UnitsFieldProps {
  readonly field: Extract<FieldSpec, { kind: 'units' }>;
  /** The texts that the user has typed, by the id of their line. */
  readonly units: Values['units'];
  readonly onChange: (units: Values['units']) => void;
}

/** Numbers of units, one for each line of the order that the command may concern. */
export function UnitsField({ field, units, onChange }: UnitsFieldProps) {
  const isTyped = ({ lineId }: { readonly lineId: string }) => (units[lineId] ?? '') !== '';
  const { shown, finder } = useFewLines(field.units, ({ itemId }) => itemId, isTyped);
  return (
    <fieldset class="units-field">
      <legend>{field.label}</legend>
      {finder && <div class="finder">{finder}</div>}
      {shown.map(({ lineId, itemId, max }) => (
        <Input
          key={lineId}
          label={`${itemId} (up to ${count(max)})`}
          type="number"
          min={0}
          max={max}
          value={units[lineId] ?? ''}
          onInput={(text) => onChange({ ...units, [lineId]: text })}
        />
      ))}
    </fieldset>
  );
}
