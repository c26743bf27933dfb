import { useState } from 'preact/hooks';
import { Select } from '../ui/field.js';
import { Code } from './code.js';
import { examplesOf, type Media, type Message, type OpenApi } from './openapi-document.js';
import { SchemaView } from './schema-view.js';

/** A request body or a response: examples and fields by media type. */
export function MessageView({ document, message }: { readonly document: OpenApi; readonly message: Message }) {
  const entries = Object.entries(message.content ?? {});
  return (
    <>
      {entries.map(([type, media]) => (
        <MediaView key={type} document={document} type={type} media={media} />
      ))}
    </>
  );
}

interface MediaViewProps {
  readonly document: OpenApi;
  readonly type: string;
  readonly media: Media;
}

function MediaView({ document, type, media }: MediaViewProps) {
  const examples = examplesOf(type, media);
  const [chosen, setChosen] = useState(0);
  const [, text] = examples[chosen] ?? examples[0] ?? [];
  return (
    <div class="media">
      <p class="media-type">
        <code>{type}</code>
      </p>
      {examples.length > 1 && (
        <Select
          label="Example"
          value={String(chosen)}
          options={examples.map(([title], nth) => [String(nth), title])}
          onChange={(value) => setChosen(Number(value))}
        />
      )}
      {text !== undefined && <Code text={text} />}
      {media.schema.type !== 'string' && (
        <details>
          <summary>Fields</summary>
          <SchemaView document={document} schema={media.schema} />
        </details>
      )}
    </div>
  );
}
