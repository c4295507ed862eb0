// Which transactions the lists of the live page hold.

import type { Decision, Transaction } from '../api/types';
import { merchantName } from '../format';
import { categoryName } from '../i18n/categories';

export interface Filter {
  /** null where any; so are the amounts. */
  readonly decision: Decision | null;
  readonly least: number | null;
  readonly most: number | null;
  /** A part of the merchant's name, or of the category's in any language; '' where any. */
  readonly text: string;
}

export const everything: Filter = { decision: null, least: null, most: null, text: '' };

export function isEverything(filter: Filter): boolean {
  const { decision, least, most, text } = filter;
  return decision === null && least === null && most === null && text.trim() === '';
}

export function matches(filter: Filter, row: Transaction): boolean {
  if (filter.decision !== null && row.decision !== filter.decision) return false;
  if (filter.least !== null && row.amount < filter.least) return false;
  if (filter.most !== null && row.amount > filter.most) return false;
  const text = filter.text.trim().toLowerCase();
  if (text === '') return true;
  const { merchant, category } = row;
  const names = [merchantName(merchant), category, categoryName(category, 'en'), categoryName(category, 'ko')];
  return names.some((name) => name.toLowerCase().includes(text));
}

/** With or without commas between thousands; one that stands elsewhere may mean something else. */
const AMOUNT = /^(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?$/;

/** What was typed as an amount; null of what is none. */
export function readAmount(text: string): number | null {
  const typed = text.trim();
  const value = AMOUNT.test(typed) ? Number(typed.replace(/,/g, '')) : NaN;
  return typed === '' || !Number.isFinite(value) ? null : value;
}
