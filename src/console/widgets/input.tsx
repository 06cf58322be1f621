import type { JSX } from 'preact';

interface InputProps {
  readonly type: 'text' | 'number';
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly min?: number;
  readonly disabled?: boolean;
}

/** A field that must not be left empty. */
export function Input({ type, value, onValue, min = 0, disabled = false }: InputProps): JSX.Element {
  const given = {
    value,
    disabled,
    required: true,
    onInput: (event: { currentTarget: HTMLInputElement }) => onValue(event.currentTarget.value),
  };
  return type === 'number' ? <input type="number" min={min} {...given} /> : <input type="text" {...given} />;
}
