export { renderDiagnostics, renderError, wrap } from './diagnostics.ts';
export { outputsToJson, planToJson, stateToJson } from './json.ts';
export { diagnosticToJson, errorLines, errorToJson, jsonView } from './jsonLines.ts';
export { paint, type Paint } from './paint.ts';
export { countsOf, renderPlan, summaryOf } from './plan.ts';
export { renderRecord, renderState } from './state.ts';
export { renderOutputValues, textView } from './text.ts';
export type { View } from './view.ts';
