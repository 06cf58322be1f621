import { fault } from './resources.ts';

export interface RdsFilter {
  readonly Name?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

/** What a resource is found by, by the name of the filter. */
export type FilterFields<T> = Readonly<Record<string, (one: T) => readonly (string | undefined)[]>>;

/** Those of `items` that every filter finds; names and values are checked also where there is nothing to find. */
export function filtered<T>(items: readonly T[], filters: readonly RdsFilter[] | undefined, fields: FilterFields<T>): T[] {
  for (const { Name = '', Values = [] } of filters ?? []) {
    if (fields[Name] === undefined) throw fault('InvalidParameterValue', `Unrecognized filter name: ${Name}`);
    if (Values.length === 0) throw fault('InvalidParameterCombination', `The parameter Filters.${Name}.Values must not be empty.`);
  }
  return items.filter((item) =>
    (filters ?? []).every(({ Name = '', Values = [] }) =>
      fields[Name]!(item).some((value) => value !== undefined && Values.includes(value)),
    ),
  );
}

/** Filters that also find what `identifier` names, which is a name in any case or an ARN. */
export function withIdentifier(filters: readonly RdsFilter[] = [], Name: string, identifier: string | undefined): readonly RdsFilter[] {
  if (identifier === undefined) return filters;
  const value = identifier.startsWith('arn:') ? identifier : identifier.toLowerCase();
  const held = filters.find((one) => one.Name === Name);
  return [...filters.filter((one) => one !== held), { Name, Values: [...(held?.Values ?? []), value] }];
}
