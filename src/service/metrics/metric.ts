import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;

/** Takes one value of a gauge. */
export type SetValue = (value: number, labels?: Labels) => void;

interface GaugeOptions {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /**
   * Called at each scrape, after all values of the one before were removed. If it rejects, the
   * gauge has no values: what is unknown must not look like a figure.
   */
  readonly collect: (set: SetValue) => void | Promise<void>;
}

/** Registers a gauge whose values are read when it is scraped. */
export function addGauge(registry: Registry, { name, help, labels = [], collect }: GaugeOptions): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    async collect() {
      const values: [number, Labels][] = [];
      try {
        await collect((value, its = {}) => values.push([value, its]));
      } catch {
        values.length = 0;
      }
      gauge.reset();
      // Without labels, a reset gauge is 0.
      if (labels.length === 0 && values.length === 0) gauge.remove();
      for (const [value, its] of values) gauge.set(its, value);
    },
  });
}

/**
 * Registers a counter.
 * @returns a function that adds to it. Its labels are looked up once per combination: counting is
 *   part of frequent code.
 */
export function addCounter<Label extends string = never>(
  registry: Registry,
  { name, help, labels = [] }: { readonly name: string; readonly help: string; readonly labels?: readonly Label[] },
): (values?: Readonly<Record<Label, string>>, by?: number) => void {
  const counter = new Counter({ name, help, labelNames: [...labels], registers: [registry] });
  const ofLabels = new Map<string, { inc(by: number): void }>();
  return (values, by = 1) => {
    const key = values ? labels.map((label) => values[label]).join('\n') : '';
    let child = ofLabels.get(key);
    if (!child) {
      child = values ? counter.labels(values) : counter;
      ofLabels.set(key, child);
    }
    child.inc(by);
  };
}

/** Registers a histogram with one label at most. @returns a function that adds an observation. */
export function addHistogram(
  registry: Registry,
  options: { readonly name: string; readonly help: string; readonly label?: string; readonly buckets: number[] },
): (value: number, label?: string) => void {
  const { name, help, label, buckets } = options;
  const histogram = new Histogram({
    name,
    help,
    buckets,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
  });
  const ofLabel = new Map<string, { observe(value: number): void }>();
  return (value, its = '') => {
    let child = ofLabel.get(its);
    if (!child) {
      child = label === undefined ? histogram : histogram.labels({ [label]: its });
      ofLabel.set(its, child);
    }
    child.observe(value);
  };
}
