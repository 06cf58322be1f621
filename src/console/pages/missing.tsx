import type { JSX } from 'preact';
import { Link, Page } from '../widgets/page.tsx';

interface MissingProps {
  readonly what: string;
  readonly name: string;
  readonly above: { readonly title: string; readonly to: string };
  /** False while nothing has come yet. */
  readonly loaded: boolean;
}

/** For a link to something that is not there (any more). */
export function Missing({ what, name, above, loaded }: MissingProps): JSX.Element {
  return (
    <Page title={name} above={above}>
      <p class="empty">
        {loaded ? (
          <>
            There is no {what} of this name in this region. <Link to={above.to}>To the list</Link>
          </>
        ) : (
          'Looking…'
        )}
      </p>
    </Page>
  );
}
