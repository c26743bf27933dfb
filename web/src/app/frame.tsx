import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { IconButton } from '../ui/button.js';
import { Brand } from './brand.js';

interface FrameProps {
  /** Identifies the content. When it changes, the page scrolls to the top and the menu closes. */
  readonly where: string;
  readonly title: string;
  readonly sidebarLabel: string;
  /** The content of the sidebar: the menu, and anything below it. */
  readonly sidebar: ComponentChildren;
  /** Shown above the content of every page. */
  readonly notice?: ComponentChildren;
  readonly shellClass?: string;
  readonly mainClass?: string;
  readonly children: ComponentChildren;
}

/** A screen on which the menu is closed at first, as in styles/shell.css. */
const narrowScreen = '(max-width: 56rem)';

/** The frame around every page: a menu, which a small screen opens with a button, and the content. */
export function Frame(props: FrameProps) {
  const { where, title, sidebarLabel, sidebar, notice, shellClass = '', mainClass = '', children } = props;
  const [isMenuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const topbar = useRef<HTMLElement>(null);

  useEffect(() => {
    setMenuOpen(false);
    document.title = `${title} · Order service`;
    scrollTo(0, 0);
  }, [where]);

  // The open menu covers the content: the keyboard stays in the menu, and Escape closes it.
  useEffect(() => {
    if (!isMenuOpen) return;
    const close = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setMenuOpen(false);
      topbar.current?.querySelector('button')?.focus();
    };
    const narrow = matchMedia(narrowScreen);
    const closeOnWide = () => setMenuOpen(false);
    addEventListener('keydown', close);
    narrow.addEventListener('change', closeOnWide);
    return () => {
      removeEventListener('keydown', close);
      narrow.removeEventListener('change', closeOnWide);
    };
  }, [isMenuOpen]);

  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <div class={`shell ${shellClass}`}>
        <header class="topbar" ref={topbar}>
          <Brand />
          <IconButton
            label={isMenuOpen ? 'Close the menu' : 'Open the menu'}
            icon={isMenuOpen ? 'cross' : 'menu'}
            isExpanded={isMenuOpen}
            controls="sidebar"
            onClick={() => setMenuOpen(!isMenuOpen)}
          />
        </header>
        <aside class={`sidebar${isMenuOpen ? ' open' : ''}`} id="sidebar" aria-label={sidebarLabel}>
          <Brand />
          {sidebar}
        </aside>
        <div class="column" inert={isMenuOpen}>
          {notice}
          <main class={`main ${mainClass}`} ref={main} tabIndex={-1}>
            {children}
          </main>
        </div>
      </div>
    </>
  );
}
