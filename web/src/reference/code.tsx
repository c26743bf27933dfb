/** A text that scrolls by itself, also by the keyboard. */
export function Code({ text }: { readonly text: string }) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls a long text
  return <pre tabIndex={0}>{text}</pre>;
}
