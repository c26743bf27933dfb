import type { ComponentChildren } from 'preact';
import { Code } from './code.js';

/** Shows the Markdown of descriptions: paragraphs, headings, code, and code within a line. */
export function Markdown({ text }: { readonly text: string }) {
  // Every second part is a block of code.
  const parts = text.split(/^```(?:\w*)\n([\s\S]*?)\n```$/m);
  return (
    <>
      {parts.map((part, nth) =>
        nth % 2 === 1 ? (
          <Code key={part} text={part} />
        ) : (
          part.split(/\n{2,}/).map((block) => <Block key={block} block={block.trim()} />)
        ),
      )}
    </>
  );
}

function Block({ block }: { readonly block: string }) {
  if (block === '') return null;
  if (block.startsWith('## ')) return <h2>{block.slice('## '.length)}</h2>;
  return (
    <p>
      <Inline text={block} />
    </p>
  );
}

/** One line of text with code in it. */
export function Inline({ text }: { readonly text: string }): ComponentChildren {
  // Every second part is between backticks.
  return text
    .split('`')
    .map((part, nth) => (nth % 2 === 1 ? <code key={`${nth}${part}`}>{part}</code> : part.replaceAll('\n', ' ')));
}
