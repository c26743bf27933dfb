import { computed, signal } from '@preact/signals';

/** When the service last responded to a request, in milliseconds since 1970. */
const respondedAt = signal(Date.now());
const failures = signal(0);

/** The current time, once per second: ages on the screen follow it. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 1_000);

/** Whether the service does not respond. The screen is then out of date. */
export const isLost = computed(() => failures.value > 0);

/** How old the last response is, in seconds. */
export const lostForSeconds = computed(() => Math.max(0, Math.round((now.value - respondedAt.value) / 1_000)));

const areReadModelsUp = signal(true);

/**
 * Whether changes can arrive. While the read models cannot be read, streams stay connected: their
 * comments come from the service alone.
 */
export const hasNews = computed(() => !isLost.value && areReadModelsUp.value);

/** Called with the service's health, each time that it is read. */
export function noteReadModels(areUp: boolean): void {
  areReadModelsUp.value = areUp;
}

/** Called for each response, whatever its status. */
export function noteResponse(): void {
  respondedAt.value = Date.now();
  failures.value = 0;
}

/** Called if no response came. */
export function noteFailure(): void {
  failures.value += 1;
}
