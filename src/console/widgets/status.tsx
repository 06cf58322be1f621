import type { ComponentChildren, JSX } from 'preact';

type Tone = 'good' | 'bad' | 'busy' | 'quiet';

const tones: readonly (readonly [RegExp, Tone])[] = [
  [/^unhealthy|fail|ALARM|crossed|error|StoppedByUser/i, 'bad'],
  [/^(healthy|running|active|available|OK|InService|passed|Successful|PRIMARY|COMPLETED|Enabled)$/i, 'good'],
  [
    /pending|creating|initial|provision|starting|activating|progress|draining|deprovision|stopping|shutting|deleting|modifying|Terminating|rebooting|configuring|InProgress|warm/i,
    'busy',
  ],
];

const marks: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', busy: '◐', quiet: '○' };

export function toneOf(state: string): Tone {
  return tones.find(([pattern]) => pattern.test(state))?.[1] ?? 'quiet';
}

/** A state with its colour and a mark, for those who do not see the colour. */
export function Status({ state, children }: { readonly state: string; readonly children?: ComponentChildren }): JSX.Element {
  const tone = toneOf(state);
  return (
    <span class={`status ${tone}`}>
      <span aria-hidden="true">{marks[tone]}</span> {children ?? state}
    </span>
  );
}
