import type { Context } from 'koa';

/** The place of a request among those in flight. */
export interface Place {
  /** Gives the place back; a second call does nothing. */
  leave(): void;
  /** Takes a place again, after a wait without one. Throws Overloaded if there is none. */
  enterAgain(): void;
}

export function setPlace(ctx: Context, place: Place): void {
  ctx.state.place = place;
}

/** The request's place. */
export function placeOf(ctx: Context): Place {
  const place: Place | undefined = ctx.state.place;
  if (!place) throw new Error('this request has no place');
  return place;
}
