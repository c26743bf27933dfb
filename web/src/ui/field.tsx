import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  /** What is wrong with the value. */
  readonly error?: string;
  readonly isOptional?: boolean;
}

interface InputProps extends FieldProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: 'text' | 'password' | 'number' | 'date' | 'datetime-local' | 'url' | 'search';
  readonly placeholder?: string;
  readonly isRequired?: boolean;
  readonly inputMode?: 'decimal' | 'numeric' | 'text';
  readonly min?: number;
  readonly max?: number;
  readonly autoComplete?: string;
  readonly isLong?: boolean;
  /** Values to choose from. They become part of the page only when the field is used. */
  readonly list?: readonly string[];
}

/** A labelled field for one line of text, or for several. */
export function Input({ label, hint, error, isOptional, value, onInput, isLong, list, ...input }: InputProps) {
  const id = useId();
  const [isUsed, setUsed] = useState(false);
  const attributes = {
    id,
    value,
    placeholder: input.placeholder,
    required: input.isRequired,
    'aria-invalid': error !== undefined,
    'aria-describedby': describedBy(id, hint, error),
    onFocus: () => setUsed(true),
    onInput: (event: { readonly currentTarget: { readonly value: string } }) => onInput(event.currentTarget.value),
  };
  return (
    <Frame id={id} label={label} hint={hint} error={error} isOptional={isOptional}>
      {isLong ? (
        <textarea {...attributes} rows={3} />
      ) : (
        <input
          {...attributes}
          type={(input.type ?? 'text') as 'text'}
          inputMode={input.inputMode}
          min={input.min}
          max={input.max}
          autoComplete={input.autoComplete ?? 'off'}
          list={list ? `${id}-list` : undefined}
        />
      )}
      {list && isUsed && (
        <datalist id={`${id}-list`}>
          {list.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </Frame>
  );
}

interface SelectProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Values with their names, in the order in which they are shown. */
  readonly options: readonly (readonly [value: string, name: string])[];
}

export function Select({ label, hint, error, isOptional, value, onChange, options }: SelectProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error} isOptional={isOptional}>
      <select
        id={id}
        value={value}
        aria-describedby={describedBy(id, hint, error)}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface CheckboxProps {
  readonly label: string;
  readonly hint?: string;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}

export function Checkbox({ label, hint, isChecked, onChange }: CheckboxProps) {
  const id = useId();
  return (
    <div class="checkbox">
      <input
        id={id}
        type="checkbox"
        checked={isChecked}
        aria-describedby={describedBy(id, hint, undefined)}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {hint && (
          <p class="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

function Frame({
  id,
  label,
  hint,
  error,
  isOptional,
  children,
}: FieldProps & { readonly id: string; readonly children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isOptional && <span class="optional"> (optional)</span>}
      </label>
      {children}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

function describedBy(id: string, hint: string | undefined, error: string | undefined): string | undefined {
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
}
