import { Icon, type IconName } from './icon.js';

export type Tone = 'neutral' | 'info' | 'ok' | 'warn' | 'bad';

/** A state as an icon and a word: colour is never the only sign. */
export function Badge({ tone, icon, text }: { readonly tone: Tone; readonly icon: IconName; readonly text: string }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} size={14} />
      {text}
    </span>
  );
}
