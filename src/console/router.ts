import { useEffect, useState } from 'preact/hooks';

/** Places in the page are paths, so that they can be linked to, kept and gone back to. */

const moved = 'plimsoll-moved';

export interface Place {
  /** The path's parts, decoded: `/ecs/web/api` is `['ecs', 'web', 'api']`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export function usePlace(): Place {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const follow = (): void => setHref(location.href);
    addEventListener('popstate', follow);
    addEventListener(moved, follow);
    return () => {
      removeEventListener('popstate', follow);
      removeEventListener(moved, follow);
    };
  }, []);
  const url = new URL(href);
  return { parts: url.pathname.split('/').filter(Boolean).map(decodeURIComponent), query: url.searchParams };
}

export function pathOf(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** Goes to a place of the page; the region that is looked at stays. */
export function navigate(path: string): void {
  const region = new URL(location.href).searchParams.get('region');
  const url = new URL(path, location.origin);
  if (region !== null && !url.searchParams.has('region')) url.searchParams.set('region', region);
  if (url.href === location.href) return;
  history.pushState(null, '', url);
  dispatchEvent(new Event(moved));
  scrollTo(0, 0);
}

/** For `<a href onClick>`: a plain click stays in the page, all others are the browser's. */
export function follow(event: MouseEvent): void {
  const link = (event.currentTarget as HTMLAnchorElement).href;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(new URL(link).pathname + new URL(link).search);
}
