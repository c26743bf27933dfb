import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.js';

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly kind?: 'primary' | 'secondary' | 'quiet' | 'danger';
  readonly icon?: IconName;
  readonly type?: 'button' | 'submit';
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  readonly isSmall?: boolean;
  /** Whether the button is a switch that is on. */
  readonly isPressed?: boolean;
}

export function Button({ children, onClick, kind = 'secondary', icon, type = 'button', ...state }: ButtonProps) {
  const { isBusy = false, isDisabled = false, isSmall = false, isPressed } = state;
  return (
    <button
      type={type}
      class={`button ${kind}${isSmall ? ' small' : ''}`}
      onClick={onClick}
      disabled={isBusy || isDisabled}
      aria-busy={isBusy}
      aria-pressed={isPressed}
    >
      {icon && <Icon name={icon} size={isSmall ? 15 : 17} />}
      <span>{children}</span>
    </button>
  );
}

interface IconButtonProps {
  readonly label: string;
  readonly icon: IconName;
  readonly onClick: () => void;
  readonly isExpanded?: boolean;
  readonly controls?: string;
  readonly isDisabled?: boolean;
}

/** A button that shows an icon alone; its label is read out and shown as a tooltip. */
export function IconButton({ label, icon, onClick, isExpanded, controls, isDisabled }: IconButtonProps) {
  return (
    <button
      type="button"
      class="button quiet icon-only"
      onClick={onClick}
      aria-label={label}
      title={label}
      aria-expanded={isExpanded}
      aria-controls={controls}
      disabled={isDisabled}
    >
      <Icon name={icon} />
    </button>
  );
}
