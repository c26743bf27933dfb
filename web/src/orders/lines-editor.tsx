import { useState } from 'preact/hooks';
import { Button } from '../ui/button.js';
import { Input } from '../ui/field.js';
import { useFewLines } from './few-lines.js';

/** A line in a form, as the user has typed it. */
export interface LineText {
  readonly id: number;
  readonly item: string;
  readonly quantity: string;
  readonly price: string;
}

export const emptyLine = (id: number): LineText => ({ id, item: '', quantity: '1', price: '' });

interface LinesEditorProps {
  readonly lines: readonly LineText[];
  readonly onChange: (lines: readonly LineText[]) => void;
}

/** The lines of an order: items, units and prices. */
export function LinesEditor({ lines, onChange }: LinesEditorProps) {
  const change = (id: number, part: Partial<LineText>) =>
    onChange(lines.map((line) => (line.id === id ? { ...line, ...part } : line)));
  // A line that was changed or added stays in view, whatever its item is now.
  const [before] = useState(() => new Set(lines));
  const numbers = new Map(lines.map(({ id }, nth) => [id, nth + 1]));
  const { shown, finder } = useFewLines(
    lines,
    ({ item }) => item,
    (line) => !before.has(line),
  );
  return (
    <div class="lines">
      {finder}
      {shown.map((line) => (
        <fieldset class="line" key={line.id}>
          <legend class="visually-hidden">Line {numbers.get(line.id)}</legend>
          <Input label="Item" value={line.item} onInput={(item) => change(line.id, { item })} isRequired />
          <Input
            label="Units"
            type="number"
            min={1}
            value={line.quantity}
            onInput={(quantity) => change(line.id, { quantity })}
            isRequired
          />
          <Input
            label="Unit price"
            inputMode="decimal"
            value={line.price}
            onInput={(price) => change(line.id, { price })}
            isRequired
          />
          <Button
            kind="quiet"
            icon="cross"
            isDisabled={lines.length === 1}
            onClick={() => onChange(lines.filter(({ id }) => id !== line.id))}
          >
            <span class="visually-hidden">Remove line {numbers.get(line.id)}</span>
          </Button>
        </fieldset>
      ))}
      <div>
        <Button isSmall icon="plus" onClick={() => onChange([...lines, emptyLine((lines.at(-1)?.id ?? 0) + 1)])}>
          Add a line
        </Button>
      </div>
    </div>
  );
}

/** The lines as the API takes them. Prices stay texts, so that they stay exact. */
export function itemsOf(lines: readonly LineText[]) {
  return lines.map(({ item, quantity, price }) => ({
    item_id: item.trim(),
    quantity: Number(quantity),
    unit_price: price.trim(),
  }));
}
