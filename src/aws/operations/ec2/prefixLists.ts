import type { EC2, ManagedPrefixList, PrefixListEntry } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { notFound } from './ids.ts';
import { routeTables, securityGroupRules } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

type Entry = Plain<PrefixListEntry>;

interface PrefixList extends Plain<Omit<ManagedPrefixList, 'Tags'>> {
  readonly PrefixListId: string;
  readonly PrefixListName: string;
  readonly MaxEntries: number;
  readonly Version: number;
  /** The entries of each version, the first one's first. */
  readonly versions: readonly (readonly Entry[])[];
}

const prefixLists = table<PrefixList>('ec2.prefix-list', (list) => list.PrefixListId);

/** Lists that AWS keeps for its own services; the ids differ from region to region at AWS. */
const ownServices: readonly { id: string; service: string; cidrs: readonly string[] }[] = [
  { id: 'pl-63a5400a', service: 's3', cidrs: ['52.216.0.0/15', '54.231.0.0/16'] },
  { id: 'pl-02cd2c6b', service: 'dynamodb', cidrs: ['52.94.0.0/22'] },
];

function ownLists(at: Place): PrefixList[] {
  return ownServices.map(({ id, service, cidrs }) => ({
    PrefixListId: id,
    PrefixListName: `com.amazonaws.${at.region}.${service}`,
    PrefixListArn: `arn:${at.partition}:ec2:${at.region}:aws:prefix-list/${id}`,
    AddressFamily: 'IPv4',
    State: 'create-complete',
    OwnerId: 'AWS',
    MaxEntries: cidrs.length,
    Version: 1,
    versions: [cidrs.map((Cidr) => ({ Cidr }))],
  }));
}

function requireList(at: Place, id = ''): PrefixList {
  const list = at.table(prefixLists).get(id) ?? ownLists(at).find(({ PrefixListId }) => PrefixListId === id);
  if (list === undefined) throw notFound(id.startsWith('pl-') ? id : `pl-${id}`);
  return list;
}

function requireOwn(at: Place, id: string | undefined): PrefixList {
  const list = requireList(at, id);
  if (list.OwnerId !== at.account)
    throw new AwsError('UnauthorizedOperation', `You do not own the prefix list ${list.PrefixListId}.`, { status: 403 });
  return list;
}

function entriesOf(list: PrefixList, version = list.Version): readonly Entry[] {
  const found = list.versions[version - 1];
  if (found === undefined)
    throw new AwsError('InvalidPrefixListVersion.NotFound', `The prefix list ${list.PrefixListId} has no version ${version}.`);
  return found;
}

function describe(at: Place, { versions: _versions, ...list }: PrefixList): Plain<ManagedPrefixList> {
  return { ...list, Tags: [...tagsOf(at, list.PrefixListId)] };
}

function checkSize(entries: readonly Entry[], max: number): void {
  if (entries.length > max)
    throw new AwsError('PrefixListMaxEntriesExceeded', `You've reached the maximum number of entries for the prefix list: ${max}.`);
}

const filterFields = {
  'prefix-list-id': (list: PrefixList) => list.PrefixListId,
  'prefix-list-name': (list: PrefixList) => list.PrefixListName,
  'owner-id': (list: PrefixList) => list.OwnerId,
};

function find(
  at: Place,
  lists: readonly PrefixList[],
  ids: readonly string[] | undefined,
  filters: Parameters<typeof applyFilters>[2],
): PrefixList[] {
  for (const id of ids ?? []) if (!lists.some(({ PrefixListId }) => PrefixListId === id)) throw notFound(id);
  const asked = ids === undefined || ids.length === 0 ? lists : lists.filter(({ PrefixListId }) => ids.includes(PrefixListId));
  return applyFilters(at, asked, filters, (list) => list.PrefixListId, filterFields);
}

export const prefixListOperations: Operations<EC2> = {
  CreateManagedPrefixList({ PrefixListName = '', Entries = [], MaxEntries = 0, AddressFamily = 'IPv4', TagSpecifications }, at) {
    if (PrefixListName.startsWith('com.amazonaws'))
      throw new AwsError('InvalidParameterValue', "The prefix list name cannot start with 'com.amazonaws'.");
    if (MaxEntries < 1) throw new AwsError('InvalidParameterValue', `Value (${MaxEntries}) for parameter maxEntries is invalid.`);
    checkSize(Entries, MaxEntries);
    const PrefixListId = at.id('pl');
    const list = at.table(prefixLists).put({
      PrefixListId,
      PrefixListName,
      PrefixListArn: at.arn('ec2', `prefix-list/${PrefixListId}`),
      AddressFamily,
      MaxEntries,
      OwnerId: at.account,
      State: 'create-complete',
      Version: 1,
      versions: [Entries.map(({ Cidr, Description }) => ({ Cidr, Description }))],
    });
    tagNew(at, PrefixListId, 'prefix-list', TagSpecifications);
    return { PrefixList: describe(at, list) };
  },

  DescribeManagedPrefixLists({ PrefixListIds, Filters, NextToken, MaxResults }, at) {
    const found = find(at, [...ownLists(at), ...at.table(prefixLists).values()], PrefixListIds, Filters);
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { PrefixLists: items.map((list) => describe(at, list)), NextToken: next };
  },

  GetManagedPrefixListEntries({ PrefixListId, TargetVersion, NextToken, MaxResults }, at) {
    const list = requireList(at, PrefixListId);
    const { items, next } = page(entriesOf(list, TargetVersion), { token: NextToken, max: MaxResults });
    return { Entries: items, NextToken: next };
  },

  ModifyManagedPrefixList({ PrefixListId, CurrentVersion, PrefixListName, AddEntries = [], RemoveEntries = [], MaxEntries }, at) {
    const list = requireOwn(at, PrefixListId);
    const changes = AddEntries.length + RemoveEntries.length > 0;
    if (changes && CurrentVersion !== undefined && CurrentVersion !== list.Version) {
      throw new AwsError('PrefixListVersionMismatch', 'The prefix list has the incorrect version number.');
    }
    const kept = entriesOf(list).filter(({ Cidr }) => ![...RemoveEntries, ...AddEntries].some((one) => one.Cidr === Cidr));
    const entries = [...kept, ...AddEntries.map(({ Cidr, Description }) => ({ Cidr, Description }))];
    const max = MaxEntries ?? list.MaxEntries;
    checkSize(entries, max);
    const changed = at.table(prefixLists).patch(list, {
      PrefixListName: PrefixListName ?? list.PrefixListName,
      MaxEntries: max,
      State: 'modify-complete',
      ...(changes ? { Version: list.Version + 1, versions: [...list.versions, entries] } : {}),
    });
    return { PrefixList: describe(at, changed) };
  },

  DeleteManagedPrefixList({ PrefixListId }, at) {
    const list = requireOwn(at, PrefixListId);
    const used =
      at.table(securityGroupRules).find((rule) => rule.PrefixListId === list.PrefixListId) ??
      at.table(routeTables).find((one) => one.Routes?.some((route) => route.DestinationPrefixListId === list.PrefixListId) ?? false);
    // AWS takes the call, and fails to do it, when something still refers to the list.
    if (used !== undefined) {
      at.table(prefixLists).patch(list, { State: 'delete-failed', StateMessage: 'The prefix list is still referenced.' });
      return { PrefixList: describe(at, { ...list, State: 'delete-in-progress' }) };
    }
    at.table(prefixLists).delete(list.PrefixListId);
    const gone = describe(at, { ...list, State: 'delete-complete' });
    dropTags(at, list.PrefixListId);
    return { PrefixList: gone };
  },

  DescribePrefixLists({ PrefixListIds, Filters, NextToken, MaxResults }, at) {
    const { items, next } = page(find(at, ownLists(at), PrefixListIds, Filters), { token: NextToken, max: MaxResults });
    return {
      PrefixLists: items.map((list) => ({
        PrefixListId: list.PrefixListId,
        PrefixListName: list.PrefixListName,
        Cidrs: entriesOf(list).map(({ Cidr = '' }) => Cidr),
      })),
      NextToken: next,
    };
  },
};
