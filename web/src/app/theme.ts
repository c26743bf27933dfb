import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const storedTheme = 'orders-theme';
const stored = localStorage.getItem(storedTheme);

/** The chosen colours; `auto` follows the system. */
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'auto');

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
export const isDark = signal(prefersDark.matches);

effect(() => {
  localStorage.setItem(storedTheme, theme.value);
  document.documentElement.dataset.theme = theme.value;
  isDark.value = theme.value === 'auto' ? prefersDark.matches : theme.value === 'dark';
});
prefersDark.addEventListener('change', () => {
  if (theme.value === 'auto') isDark.value = prefersDark.matches;
});
