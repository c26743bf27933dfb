import { signal } from '@preact/signals';
import { IconButton } from './button.js';
import { Icon } from './icon.js';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'ok' | 'bad';
}

const shownMs = 8_000;
const toasts = signal<readonly Toast[]>([]);
let nextId = 1;

/** Says that something was done, or that it failed; screen readers read it out. */
export function toast(text: string, tone: Toast['tone'] = 'ok'): void {
  const id = nextId++;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone }];
  // An error stays until it is dismissed: it may have to be read twice.
  if (tone === 'ok') setTimeout(() => dismiss(id), shownMs);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, tone }) => (
        <div key={id} class={`toast ${tone}`}>
          <Icon name={tone === 'ok' ? 'check' : 'warning'} />
          <p>{text}</p>
          <IconButton label="Dismiss" icon="cross" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
