import type { Random } from '../../base/index.ts';
import type { Action, FixedResponseAction, Listener, RedirectAction, WeightedForwardAction } from '../../model/index.ts';
import type { GroupState } from '../target/group-state.ts';
import { compileCondition, type Matcher } from './condition.ts';
import type { RequestView } from './request-view.ts';
import { groupCookieName, type StickyCookies } from './stickiness.ts';

/** What is to be done with a request. */
export type Route = ForwardRoute | AnswerRoute;

export interface ForwardRoute {
  readonly kind: 'forward';
  /** Priority of the rule that matched; 0 is the default action. */
  readonly priority: number;
  readonly group: GroupState;
  /** Lines to add to the answer. */
  readonly answerFields: string;
}

export interface AnswerRoute {
  readonly kind: 'answer';
  readonly priority: number;
  readonly action: RedirectAction | FixedResponseAction;
}

type Choose = (view: RequestView, secure: boolean) => Route;

interface CompiledRule {
  readonly matchers: readonly Matcher[];
  readonly choose: Choose;
}

/** The rules of a listener, compiled. Immutable: a new snapshot makes a new one. */
export class Routes {
  /** The whole answer when nothing of the request matters: no rules, and a plain forward. */
  readonly only: ForwardRoute | undefined;
  readonly #rules: readonly CompiledRule[];
  readonly #fallback: Choose;
  readonly #parts: RouteParts;

  constructor(listener: Listener, parts: RouteParts) {
    this.#parts = parts;
    const rules = [...(listener.rules ?? [])].sort((a, b) => a.priority - b.priority);
    this.#rules = rules.map((rule) => ({
      matchers: rule.conditions.map(compileCondition),
      choose: this.#compileAction(rule.action, rule.priority, listener.id),
    }));
    this.#fallback = this.#compileAction(listener.defaultAction, 0, listener.id);
    const plain = listener.defaultAction.type === 'forward' && rules.length === 0;
    this.only = plain
      ? { kind: 'forward', priority: 0, group: this.#group(listener.defaultAction.targetGroupId), answerFields: '' }
      : undefined;
  }

  resolve(view: RequestView, secure: boolean): Route {
    for (const rule of this.#rules) if (rule.matchers.every((matches) => matches(view))) return rule.choose(view, secure);
    return this.#fallback(view, secure);
  }

  #group(id: string): GroupState {
    const group = this.#parts.groups.get(id);
    if (group === undefined) throw new Error(`no target group ${id}`);
    return group;
  }

  #compileAction(action: Action, priority: number, scope: string): Choose {
    if (action.type === 'forward') {
      const route: Route = { kind: 'forward', priority, group: this.#group(action.targetGroupId), answerFields: '' };
      return () => route;
    }
    if (action.type === 'forward-weighted') return this.#compileWeighted(action, priority, `${scope} ${priority}`);
    const route: Route = { kind: 'answer', priority, action };
    return () => route;
  }

  #compileWeighted(action: WeightedForwardAction, priority: number, scope: string): Choose {
    const { random, cookies } = this.#parts;
    const groups = action.groups
      .filter(({ weight }) => weight > 0)
      .map(({ targetGroupId, weight }) => ({ group: this.#group(targetGroupId), weight }));
    // All weights zero: AWS answers 503, as a group without targets does.
    const total = groups.reduce((sum, { weight }) => sum + weight, 0);
    const routes = new Map(action.groups.map(({ targetGroupId }) => [targetGroupId, this.#group(targetGroupId)]));
    const draw = (): GroupState => {
      let left = random.float() * total;
      const drawn = groups.find(({ weight }) => (left -= weight) < 0) ?? groups.at(-1);
      return drawn?.group ?? this.#parts.nowhere;
    };
    const { stickinessMs } = action;
    if (stickinessMs === undefined) return () => ({ kind: 'forward', priority, group: draw(), answerFields: '' });
    return (view, secure) => {
      const bound = cookies.read(view, groupCookieName, scope);
      const known = bound === undefined ? undefined : routes.get(bound);
      const group = known ?? draw();
      const answerFields = cookies.write(groupCookieName, scope, group.id, stickinessMs, secure);
      return { kind: 'forward', priority, group, answerFields };
    };
  }
}

export interface RouteParts {
  readonly groups: ReadonlyMap<string, GroupState>;
  readonly random: Random;
  readonly cookies: StickyCookies;
  /** A group without targets. */
  readonly nowhere: GroupState;
}

/** Ids of all groups that a listener's actions name. */
export function groupsOf(listener: Listener): string[] {
  const actions = [listener.defaultAction, ...(listener.rules ?? []).map((rule) => rule.action)];
  return actions.flatMap((action) => {
    if (action.type === 'forward') return [action.targetGroupId];
    return action.type === 'forward-weighted' ? action.groups.map((group) => group.targetGroupId) : [];
  });
}
