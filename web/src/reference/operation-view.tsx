import { Badge } from '../ui/badge.js';
import { Card, PageHeader } from '../ui/card.js';
import { type Column, Table } from '../ui/table.js';
import { Inline, Markdown } from './markdown.js';
import { MessageView } from './message-view.js';
import {
  type Message,
  type OpenApi,
  type Operation,
  type Parameter,
  parametersOf,
  responsesOf,
  scopesOf,
} from './openapi-document.js';
import { TryIt } from './try-it.js';

interface OperationViewProps {
  readonly document: OpenApi;
  readonly operation: Operation;
}

/** One operation: who may call it, its parameters, its body, its responses, and a form to try it. */
export function OperationView({ document, operation }: OperationViewProps) {
  const parameters = parametersOf(document, operation);
  const { requestBody } = operation;
  return (
    <>
      <PageHeader title={operation.summary} lead={<Address operation={operation} />} />
      {operation.description && (
        <div class="prose">
          <Markdown text={operation.description} />
        </div>
      )}
      {!operation.isWebhook && <Scopes scopes={scopesOf(operation)} />}
      {!operation.isWebhook && <TryIt key={operation.operationId} document={document} operation={operation} />}
      {parameters.length > 0 && (
        <Card title="Parameters" isFlush>
          <Table caption="Parameters" columns={columns} rows={parameters} keyOf={({ name }) => name} />
        </Card>
      )}
      {requestBody && (
        <Card title={requestBody.required ? 'Request body' : 'Request body (may be left out)'}>
          {requestBody.description && <p>{requestBody.description}</p>}
          <MessageView document={document} message={requestBody} />
        </Card>
      )}
      <Card title="Responses">
        <div class="stack">
          {responsesOf(document, operation).map(([status, response]) => (
            <Response key={status} document={document} status={status} response={response} />
          ))}
        </div>
      </Card>
    </>
  );
}

function Address({ operation: { method, path } }: { readonly operation: Operation }) {
  return (
    <span>
      <span class="method">{method}</span> <code>{path}</code>
    </span>
  );
}

function Scopes({ scopes }: { readonly scopes: readonly string[] }) {
  if (scopes.length === 0) return <Badge tone="neutral" icon="info" text="Public: needs no key" />;
  return (
    <p class="muted">
      Needs {scopes.length > 1 ? 'one of the scopes' : 'the scope'}{' '}
      <Inline text={scopes.map((one) => `\`${one}\``).join(', ')} /> while access control is on.
    </p>
  );
}

const columns: readonly Column<Parameter>[] = [
  { name: 'Name', isHeader: true, cell: ({ name }) => <code>{name}</code> },
  { name: 'In', cell: ({ in: place, required }) => `${place}${required ? ', required' : ''}` },
  {
    name: 'Meaning',
    cell: ({ description, schema }) => (
      <>
        {description && <Inline text={description} />}
        {schema.enum && schema.enum.length < 10 && (
          <>
            {' '}
            One of <Inline text={schema.enum.map((one) => `\`${String(one)}\``).join(', ')} />.
          </>
        )}
      </>
    ),
  },
];

interface ResponseProps {
  readonly document: OpenApi;
  readonly status: string;
  readonly response: Message;
}

/** Successful responses are open; problems are opened on demand. */
function Response({ document, status, response }: ResponseProps) {
  const headers = Object.keys(response.headers ?? {});
  return (
    <details class="response" open={status.startsWith('2')}>
      <summary>
        <strong>{status}</strong> <Inline text={summaryOf(response)} />
      </summary>
      <div class="stack">
        {headers.length > 0 && (
          <dl class="headers">
            {headers.map((name) => (
              <div key={name}>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>{document.components.headers[name]?.description}</dd>
              </div>
            ))}
          </dl>
        )}
        <MessageView document={document} message={response} />
      </div>
    </details>
  );
}

/** Several problems share a status: their number stands for the list, which the examples show. */
function summaryOf({ description = '' }: Message): string {
  const problems = description.match(/\/problems\//g)?.length ?? 0;
  return problems > 1 ? `${problems} problems` : description;
}
