import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { isDark } from '../app/theme.js';
import { selectedRange, timeRange } from './time-range.js';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** The custom property of its colour: "--chart-1". */
  readonly colour: string;
  readonly kind?: 'line' | 'bars';
  /** Dashes of a line, so that lines differ by more than colour. */
  readonly dash?: readonly number[];
}

interface ChartProps {
  /** What the chart shows, for screen readers. */
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

/** A chart over time. Dragging zooms, and the pointer shows the figures of one interval. */
export function Chart(props: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<{ readonly at: number; readonly left: number }>();
  const latest = useRef(props);
  latest.current = props;
  const dark = isDark.value;
  const { times, series, label, formatValue, formatTime } = props;

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const plot = new uPlot(options(element, latest, setHovered), dataOf(latest.current), element);
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [times, series, dark]);

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

/** Distances between the marks of an axis of whole numbers: 1, 2, 5, 10, … */
const wholeSteps = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

function options(
  element: HTMLElement,
  latest: { readonly current: ChartProps },
  onHover: (hovered: { readonly at: number; readonly left: number } | undefined) => void,
): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string) => resolved(element, `var(${name})`);
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `12px ${styles.fontFamily}`,
  };
  const { series, timeZone } = latest.current;
  const tzDate = (seconds: number) =>
    timeZone === 'UTC'
      ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC')
      : uPlot.tzDate(new Date(seconds * 1000), timeZone);
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    tzDate,
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 8 },
      drag: { x: latest.current.onZoom !== undefined, y: false, setScale: false },
    },
    axes: [
      axis,
      {
        ...axis,
        size: 64,
        values: (_, splits) => splits.map((value) => latest.current.formatAxis(value)),
        ...(latest.current.isCount ? { incrs: wholeSteps } : {}),
      },
    ],
    scales: {
      x: { range: () => timeRange(latest.current.times) },
      y: { range: (_, low, high) => [Math.min(0, low), high <= 0 ? 1 : high * 1.08] },
    },
    series: [
      {},
      ...series.map(
        ({ name, colour: property, kind, dash }): uPlot.Series => ({
          label: name,
          stroke: colour(property),
          width: 2,
          ...(dash ? { dash: [...dash] } : {}),
          points: { show: latest.current.times.length < 2 },
          ...(kind === 'bars'
            ? {
                fill: colour(property),
                ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.7, 40], radius: 0.12 }) } : {}),
              }
            : { fill: transparent(colour(property)) }),
        }),
      ),
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const { idx, left } = plot.cursor;
          if (idx === null || idx === undefined || left === undefined || left < 0) return onHover(undefined);
          const offset = plot.over.offsetLeft + left;
          onHover({ at: idx, left: offset > element.clientWidth / 2 ? Math.max(0, offset - 190) : offset + 14 });
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          const { times, onZoom } = latest.current;
          const selected = selectedRange(times, plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
          if (selected) onZoom?.(...selected);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** The colour that a custom property has in the current theme, as rgb(). */
function resolved(element: HTMLElement, value: string): string {
  const probe = document.createElement('span');
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function transparent(colour: string): string {
  return colour.replace(/^rgb\(([^)]+)\)$/, 'rgba($1, 0.09)');
}
