import type { ComponentChildren, JSX } from 'preact';
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { aws, RefusedError } from '../api.ts';
import { command, type Json, type Service } from '../command.ts';
import { Input } from './input.tsx';

/** The region that the page looks at. */
export const Region = createContext('us-east-1');

/** The region's clock, epoch milliseconds; it may run faster than this computer's. */
export const Now = createContext(0);

export interface Answered<Answer> {
  readonly data: Answer | undefined;
  readonly error: string | undefined;
  readonly again: () => void;
}

const againMs = 2000;

/** What an operation answers, asked again every two seconds while the page is seen. Without an input nothing is asked yet. */
export function useAws<Answer = Json>(service: Service, operation: string, input: Json | undefined): Answered<Answer> {
  const region = useContext(Region);
  const key = input === undefined ? undefined : JSON.stringify([region, service, operation, input]);
  return useAnswer(key, () => aws<Answer>(region, service, operation, input));
}

/** As many entries of one list as a page shows at most. */
const entriesMax = 1000;

/** The same for a list that comes in pages: those of `lists` are put together, up to 1,000 entries. */
export function useAllAws<Answer extends object>(
  service: Service,
  operation: string,
  input: Json,
  lists: readonly (keyof Answer & string)[],
): Answered<Answer> {
  const region = useContext(Region);
  return useAnswer(JSON.stringify([region, service, operation, input]), async () => {
    const all: Record<string, unknown[]> = Object.fromEntries(lists.map((list) => [list, []]));
    let token: unknown;
    do {
      const page = await aws(region, service, operation, { ...input, ...(token === undefined ? {} : { NextToken: token }) });
      for (const list of lists) all[list]!.push(...((page[list] as unknown[] | undefined) ?? []));
      token = page['NextToken'] ?? undefined;
    } while (token !== undefined && Object.values(all).every(({ length }) => length < entriesMax));
    return all as Answer;
  });
}

/** The same for any question; `key` says which it is, undefined that there is none yet. */
export function useAnswer<Answer>(key: string | undefined, ask: () => Promise<Answer>): Answered<Answer> {
  const [data, setData] = useState<Answer>();
  const [error, setError] = useState<string>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (key === undefined) return undefined;
    let over = false;
    let timer = 0;
    const load = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const answer = await ask();
          if (over) return;
          setData(answer);
          setError(undefined);
        } catch (caught) {
          if (!over) setError(messageOf(caught));
        }
      }
      if (!over) timer = window.setTimeout(() => void load(), againMs);
    };
    void load();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key, round]);
  return { data, error, again: () => setRound((before) => before + 1) };
}

export function messageOf(error: unknown): string {
  if (error instanceof RefusedError) return `${error.code}: ${error.message}`;
  return error instanceof TypeError ? 'the console does not answer; is plimsoll up still running?' : String(error);
}

export function Problem({ error }: { readonly error: string | undefined }): JSX.Element | null {
  return error === undefined ? null : (
    <p class="problem" role="alert">
      {error}
    </p>
  );
}

export interface Action {
  readonly service: Service;
  readonly operation: string;
  readonly input: Json;
}

interface ActionProps {
  /** On the button. */
  readonly label: string;
  /** What happens, in one sentence. */
  readonly what: string;
  /** From the values of the fields. */
  readonly action: (values: Readonly<Record<string, string>>) => Action;
  readonly fields?: readonly { readonly name: string; readonly label: string; readonly value: string; readonly type?: 'number' | 'text' }[];
  readonly danger?: boolean;
  readonly onDone?: () => void;
  readonly children?: ComponentChildren;
}

/** A button that asks before it does something, and shows the call of the AWS CLI that does the same. */
export function Do({ label, what, action, fields = [], danger = false, onDone }: ActionProps): JSX.Element {
  const region = useContext(Region);
  const dialog = useRef<HTMLDialogElement>(null);
  const [values, setValues] = useState<Record<string, string>>({});
  const [error, setError] = useState<string>();
  const [open, setOpen] = useState(false);
  const given = Object.fromEntries(fields.map(({ name, value }) => [name, values[name] ?? value]));
  const { service, operation, input } = action(given);
  const text = command(region, service, operation, input);
  const run = async (): Promise<void> => {
    try {
      await aws(region, service, operation, input);
      dialog.current?.close();
      onDone?.();
    } catch (caught) {
      setError(messageOf(caught));
    }
  };
  const show = (): void => {
    setValues({});
    setError(undefined);
    setOpen(true);
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" class={danger ? 'danger' : ''} onClick={show}>
        {label}
      </button>
      <dialog ref={dialog} aria-label={label} onClose={() => setOpen(false)}>
        {open ? (
          <form
            method="dialog"
            onSubmit={(event) => {
              event.preventDefault();
              void run();
            }}
          >
            <h2>{label}</h2>
            <p>{what}</p>
            {fields.map(({ name, label: title, type = 'text' }) => (
              <label key={name} class="field">
                {title}
                <Input type={type} value={given[name]!} onValue={(value) => setValues({ ...values, [name]: value })} />
              </label>
            ))}
            <CommandText text={text} />
            <Problem error={error} />
            <div class="buttons">
              <button type="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              <button type="submit" class={danger ? 'danger primary' : 'primary'}>
                {label}
              </button>
            </div>
          </form>
        ) : undefined}
      </dialog>
    </>
  );
}

/** A command to copy. */
export function CommandText({ text }: { readonly text: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => setCopied(true));
  };
  return (
    <div class="command">
      <code>{text}</code>
      <button type="button" class="plain" onClick={copy}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
