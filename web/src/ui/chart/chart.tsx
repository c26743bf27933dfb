import { useEffect, useRef, useState } from 'preact/hooks';
import { isDark } from '../../app/theme.js';
import type { Plot } from './plot.js';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** The custom property of its colour: "--chart-1". */
  readonly colour: string;
  readonly kind?: 'line' | 'bars';
  /** Dashes of a line, so that lines differ by more than colour. */
  readonly dash?: readonly number[];
}

/** All but the values, times and texts stay the same while the chart is shown. */
export interface ChartProps {
  /** Describes the chart for screen readers. */
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly timeZone: string;
  readonly formatValue: (value: number) => string;
  readonly formatAxis: (value: number) => string;
  /** Whether the values are whole numbers, so that the axis has no fractions. */
  readonly isCount?: boolean;
  readonly formatTime: (seconds: number) => string;
  /** Called with a range that the user has chosen by dragging, in seconds since 1970. */
  readonly onZoom?: (from: number, to: number) => void;
}

/** The interval under the pointer, and the place of its figures in the chart. */
export interface Hovered {
  readonly at: number;
  readonly left: number;
}

/** A chart this close to the window is drawn already. */
const nearMargin = '240px 0px';

/**
 * A chart over time. Dragging zooms, and the pointer shows the figures of one interval. Its code is
 * loaded and it is drawn once it is about to come into view, so that the figures above are there at
 * once.
 */
export function Chart(props: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const [hovered, setHovered] = useState<Hovered>();
  const [hasFailed, setFailed] = useState(false);
  const latest = useRef(props);
  latest.current = props;
  const isNear = useNear(frame);
  const dark = isDark.value;
  const { times, series, label, timeZone, formatValue, formatTime } = props;

  useEffect(() => {
    const element = frame.current;
    if (!element || !isNear) return;
    let isWanted = true;
    import('./plot.js').then(
      ({ drawPlot }) => {
        if (isWanted) plot.current = drawPlot(element, latest, setHovered);
      },
      () => setFailed(true),
    );
    return () => {
      isWanted = false;
      plot.current?.remove();
      plot.current = undefined;
    };
  }, [isNear, dark]);
  useEffect(() => plot.current?.update(), [times, series, timeZone]);

  return (
    <figure class="chart" aria-label={label}>
      <div class="legend">
        {series.map(({ name, colour }) => (
          <span key={name}>
            <i style={{ background: `var(${colour})` }} /> {name}
          </span>
        ))}
      </div>
      <div class="chart-frame" ref={frame} role="img" aria-label={`${label}. The table below has the same figures.`} />
      {hasFailed && (
        <p class="chart-failed">The chart could not be loaded. Load the page again; the table has the same figures.</p>
      )}
      {hovered && times[hovered.at] !== undefined && (
        <div class="chart-tip" style={{ left: `${hovered.left}px` }}>
          <strong>{formatTime(times[hovered.at] ?? 0)}</strong>
          {series.map(({ name, values }) => (
            <div key={name}>
              {name}: {formatValue(values[hovered.at] ?? 0)}
            </div>
          ))}
        </div>
      )}
    </figure>
  );
}

/** Whether an element has been close to the window. */
function useNear(element: { readonly current: Element | null }): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setNear(true);
      },
      { rootMargin: nearMargin },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return isNear;
}
