import type { ComponentChildren, JSX } from 'preact';
import { follow, navigate, usePlace } from '../router.ts';

export function Link({
  to,
  children,
  ...rest
}: {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
}): JSX.Element {
  return (
    <a href={to} onClick={follow} {...rest}>
      {children}
    </a>
  );
}

export function Page({
  title,
  above,
  actions,
  children,
}: {
  readonly title: string;
  /** The way here: the list that this is one of. */
  readonly above?: { readonly title: string; readonly to: string };
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <main id="main" tabIndex={-1}>
      <header class="title">
        <div>
          {above === undefined ? undefined : (
            <nav aria-label="Breadcrumb">
              <Link to={above.to}>{above.title}</Link> ›
            </nav>
          )}
          <h1>{title}</h1>
        </div>
        {actions === undefined ? undefined : <div class="buttons">{actions}</div>}
      </header>
      {children}
    </main>
  );
}

export function Card({
  title,
  children,
  actions,
}: {
  readonly title?: string;
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
}): JSX.Element {
  return (
    <section class="card">
      {title === undefined ? undefined : (
        <header>
          <h2>{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

/** Names and values, as AWS's "Details". */
export function Details({ items }: { readonly items: readonly (readonly [string, ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="details">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Tabs that stand in the address, so that each can be linked to. */
export function Tabs({ tabs }: { readonly tabs: readonly { readonly name: string; readonly content: () => JSX.Element }[] }): JSX.Element {
  const { query } = usePlace();
  const chosen = tabs.find(({ name }) => name === query.get('tab')) ?? tabs[0]!;
  const choose = (name: string): void => {
    const url = new URL(location.href);
    url.searchParams.set('tab', name);
    navigate(url.pathname + url.search);
  };
  const step = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    const next = tabs[(tabs.indexOf(chosen) + by + tabs.length) % tabs.length]!;
    choose(next.name);
    document.getElementById(`tab-${tabs.indexOf(next)}`)?.focus();
  };
  return (
    <>
      <div role="tablist" class="tabs" onKeyDown={step}>
        {tabs.map(({ name }, index) => (
          <button
            key={name}
            id={`tab-${index}`}
            type="button"
            role="tab"
            aria-selected={name === chosen.name}
            aria-controls="tab-panel"
            tabIndex={name === chosen.name ? 0 : -1}
            onClick={() => choose(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tabs.indexOf(chosen)}`}>
        {chosen.content()}
      </div>
    </>
  );
}
