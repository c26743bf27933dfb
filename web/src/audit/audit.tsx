import { useState } from 'preact/hooks';
import { api, got, messageOf, ProblemError } from '../api/client.js';
import { now } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import type { SignedCheckpoint } from '../api/types.js';
import { save } from '../format/csv.js';
import { count } from '../format/numbers.js';
import { ago, dateTime } from '../format/time.js';
import { Button } from '../ui/button.js';
import { Card, Facts, PageHeader } from '../ui/card.js';
import { Copyable } from '../ui/copy.js';
import { Input } from '../ui/field.js';
import { Empty, Failure, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';
import { toast } from '../ui/toast.js';
import { Verifications } from './verifications.js';

const pollMs = 1_000;

/** Proofs that the log is what was written: verification, and signed checkpoints. */
export function Audit() {
  const runs = useResource('verifications', (signal) => got(api.GET('/audit/verifications', { signal })), pollMs);
  const [against, setAgainst] = useState('');
  const [error, setError] = useState<unknown>();
  const verify = async () => {
    setError(undefined);
    try {
      const jws = jwsOf(against);
      await got(api.POST('/audit/verifications', { body: jws === undefined ? {} : { against: jws } }));
      runs.reload();
    } catch (failure) {
      setError(failure);
    }
  };
  const cancel = async (runId: string) => {
    try {
      await got(api.DELETE('/audit/verifications/{run_id}', { params: { path: { run_id: runId } } }));
      runs.reload();
    } catch (failure) {
      setError(failure);
    }
  };
  const isRunning = runs.data?.runs[0]?.state === 'running';
  return (
    <>
      <PageHeader title="Audit" lead="Was an event changed, removed or inserted? Is the log still what was signed?" />
      <div class="two">
        <Card title="Verify the log">
          <form
            class="form"
            onSubmit={(event) => {
              event.preventDefault();
              void verify();
            }}
          >
            <p class="muted">Recomputes the hash chain of every partition from the events as they are stored.</p>
            <Input
              label="Signed checkpoint"
              value={against}
              onInput={setAgainst}
              isLong
              isOptional
              hint="The text of a checkpoint that you kept elsewhere: the log must still hold everything that it describes."
            />
            {error !== undefined && <Failure error={error} />}
            <div class="row">
              <Button kind="primary" type="submit" icon="audit" isBusy={isRunning}>
                Verify now
              </Button>
            </div>
          </form>
        </Card>
        <Checkpoint lastAt={runs.data?.last_checkpoint_at} onSigned={runs.reload} />
      </div>
      <Card title="Verifications" isFlush>
        <Shown resource={runs}>
          {({ runs: all }) => <Verifications runs={all} onCancel={(runId) => void cancel(runId)} />}
        </Shown>
      </Card>
    </>
  );
}

/** The JWS in the text of a checkpoint, or the text itself. */
function jwsOf(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!trimmed.startsWith('{')) return trimmed;
  const parsed: unknown = JSON.parse(trimmed);
  if (parsed !== null && typeof parsed === 'object' && 'jws' in parsed && typeof parsed.jws === 'string')
    return parsed.jws;
  throw new Error('This is not a signed checkpoint: it has no "jws".');
}

interface CheckpointProps {
  /** When a checkpoint was last taken, here or elsewhere: null if never, undefined if unknown. */
  readonly lastAt: string | null | undefined;
  readonly onSigned: () => void;
}

/** The state of the log, signed now, and the age of the last one that somebody took. */
function Checkpoint({ lastAt, onSigned }: CheckpointProps) {
  const [signed, setSigned] = useState<SignedCheckpoint>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const sign = async () => {
    setBusy(true);
    setError(undefined);
    try {
      setSigned(await got(api.GET('/audit/checkpoint')));
      onSigned();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const download = () => {
    if (!signed) return;
    save(
      `checkpoint-${signed.checkpoint.created_at.slice(0, 10)}.json`,
      'application/json',
      `${JSON.stringify(signed, null, 2)}\n`,
    );
    toast('Keep it elsewhere: it proves later that the log holds everything of today');
  };
  const isWithoutKey = error instanceof ProblemError && error.problem.type === '/problems/no-signing-key';
  return (
    <Card title="Signed checkpoint">
      <div class="stack">
        {isWithoutKey ? (
          <Empty icon="keys" title="Nothing is signed">
            {messageOf(error)}
          </Empty>
        ) : (
          error !== undefined && <Failure error={error} />
        )}
        {signed ? (
          <>
            <Facts
              facts={[
                ['Made', `${dateTime(signed.checkpoint.created_at)}, ${ago(signed.checkpoint.created_at, now.value)}`],
                ['Log', <Copyable key="log" text={signed.checkpoint.log_id} />],
                ['Events', count(signed.checkpoint.partitions.reduce((sum, { position }) => sum + position, 0))],
              ]}
            />
            <details class="more">
              <summary>Heads and Merkle roots</summary>
              <Table
                caption="Heads and Merkle roots"
                rows={signed.checkpoint.partitions}
                pageSize={16}
                keyOf={({ partition }) => String(partition)}
                columns={[
                  { name: 'Partition', isHeader: true, cell: ({ partition }) => partition },
                  { name: 'Position', isNumeric: true, cell: ({ position }) => count(position) },
                  { name: 'Root', cell: ({ root }) => <code title={root}>{root.slice(0, 20)}…</code> },
                ]}
              />
            </details>
          </>
        ) : (
          !isWithoutKey && (
            <p class="muted">
              A checkpoint names the last event, its hash and the Merkle root of every partition, signed by this
              service.
            </p>
          )
        )}
        {lastAt !== undefined && (
          <p>
            {lastAt === null
              ? 'No checkpoint of this log was ever taken.'
              : `The last checkpoint was taken ${ago(lastAt, now.value)}, on ${dateTime(lastAt)}.`}
          </p>
        )}
        <div class="row">
          <Button icon="audit" isBusy={isBusy} onClick={() => void sign()}>
            Sign a checkpoint now
          </Button>
          {signed && (
            <Button kind="primary" icon="download" onClick={download}>
              Download it
            </Button>
          )}
        </div>
      </div>
    </Card>
  );
}
