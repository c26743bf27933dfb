import { useState } from 'preact/hooks';
import { orderStatuses, paymentStatuses } from '../api/types.js';
import { goTo, setQuery } from '../app/route.js';
import { words } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Checkbox, Input, Select } from '../ui/field.js';
import { isNarrow } from '../ui/narrow.js';
import type { Filters } from './filters.js';

/** The look-up, and the filters of the list. Each change is part of the address. */
export function FilterForm({ filters }: { readonly filters: Filters }) {
  // On a phone the filters would hide the orders: they are folded away.
  const [isOpen] = useState(!isNarrow.value);
  const [q, setQ] = useState(filters.q);
  const [user, setUser] = useState(filters.user);
  const [currency, setCurrency] = useState(filters.currency);
  const isFiltered = Object.values(filters).some((value) => value !== '' && value !== undefined && value !== false);
  const names = (all: readonly string[]) => [['', 'Any'], ...all.map((one) => [one, words(one)])] as [string, string][];
  return (
    <Card title="Find orders">
      <search>
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (q.trim() !== filters.q) goTo(['orders'], { q: q.trim() });
            else setQuery({ user: user.trim(), currency: currency.trim().toUpperCase() });
          }}
        >
          <div class="search">
            <Input
              label="Look up"
              type="search"
              value={q}
              onInput={setQ}
              placeholder="Order id, reference, payment, tracking number or customer"
            />
            <Button type="submit" icon="search">
              Look up
            </Button>
          </div>
          {filters.q === '' && (
            <details class="more" open={isOpen}>
              <summary>Filters</summary>
              <div class="filters">
                <Select
                  label="Status"
                  value={filters.status ?? ''}
                  options={names(orderStatuses)}
                  onChange={(status) => setQuery({ status })}
                />
                <Select
                  label="Payment"
                  value={filters.payment ?? ''}
                  options={names(paymentStatuses)}
                  onChange={(payment) => setQuery({ payment })}
                />
                <Input
                  label="Customer"
                  value={user}
                  onInput={(text) => {
                    setUser(text);
                    if (text === '') setQuery({ user: '' });
                  }}
                />
                <Input
                  label="Currency"
                  value={currency}
                  onInput={(text) => {
                    setCurrency(text);
                    if (text === '' || /^[A-Za-z]{3}$/.test(text)) setQuery({ currency: text.toUpperCase() });
                  }}
                />
                <Input label="Placed from" type="date" value={filters.from} onInput={(from) => setQuery({ from })} />
                <Input label="Placed until" type="date" value={filters.to} onInput={(to) => setQuery({ to })} />
                <Checkbox
                  label="On hold"
                  isChecked={filters.onHold}
                  onChange={(isOn) => setQuery({ hold: isOn ? 'yes' : '' })}
                />
              </div>
            </details>
          )}
          {isFiltered && (
            <div class="row">
              <Button
                isSmall
                kind="quiet"
                icon="cross"
                onClick={() => {
                  setQ('');
                  setUser('');
                  setCurrency('');
                  goTo(['orders']);
                }}
              >
                Clear all
              </Button>
            </div>
          )}
        </form>
      </search>
    </Card>
  );
}
