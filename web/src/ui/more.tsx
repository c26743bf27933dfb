import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface MoreProps {
  readonly summary: string;
  readonly class?: string;
  /** Makes the details. Called only once they have been opened: most of a list never are. */
  readonly children: () => ComponentChildren;
}

/** Details that a click on their summary shows. */
export function More({ summary, class: className, children }: MoreProps) {
  const [wasOpened, setOpened] = useState(false);
  return (
    <details
      class={className}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) setOpened(true);
      }}
    >
      <summary>{summary}</summary>
      {wasOpened && children()}
    </details>
  );
}
