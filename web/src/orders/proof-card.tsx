import { useState } from 'preact/hooks';
import { download, messageOf } from '../api/client.js';
import type { Order } from '../api/types.js';
import { save } from '../format/csv.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { toast } from '../ui/toast.js';

/** The signed proof that the history of the order is in the log, unchanged. */
export function ProofCard({ order }: { readonly order: Order }) {
  const [isBusy, setBusy] = useState(false);
  const fetchProof = async () => {
    setBusy(true);
    try {
      const response = await download(`/orders/${order.order_id}/history?proof=true`, 'application/json');
      save(`order-${order.order_id}-proof.json`, 'application/json', await response.text());
    } catch (error) {
      toast(messageOf(error), 'bad');
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card title="Proof">
      <div class="stack">
        <p class="muted">Every event is part of a hash chain and of a Merkle tree, whose roots the service signs.</p>
        <div>
          <Button icon="download" isSmall isBusy={isBusy} onClick={() => void fetchProof()}>
            Download the proof
          </Button>
        </div>
      </div>
    </Card>
  );
}
