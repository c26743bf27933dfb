import type { ComponentType } from 'preact';
import { may } from '../api/session.js';
import type { Scope } from '../api/types.js';
import { OrdersPage } from '../orders/orders-page.js';
import { Overview } from '../overview/overview.js';
import { Projections } from '../projections/projections.js';
import type { IconName } from '../ui/icon.js';

export interface Page {
  /** The first part of its address. */
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly view: ComponentType;
  /** Whether the caller's scopes permit what the page shows. */
  readonly isPermitted: () => boolean;
}

function page(name: string, title: string, icon: IconName, view: ComponentType, scopes: readonly Scope[]): Page {
  return { name, title, icon, view, isPermitted: () => may(...scopes) };
}

/** All pages, in the order of the navigation. */
export const pages: readonly Page[] = [
  page('overview', 'Overview', 'overview', Overview, ['metrics:read']),
  page('orders', 'Orders', 'orders', OrdersPage, ['orders:read', 'orders:read:own']),
  page('projections', 'Projections', 'projections', Projections, ['metrics:read', 'admin']),
];

export function permittedPages(): readonly Page[] {
  return pages.filter((one) => one.isPermitted());
}
