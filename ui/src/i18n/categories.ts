// The spending categories' names. One that is not here is shown as the data has it.

import type { Language } from '.';
import { plainName } from '../format';

const names: Readonly<Record<string, readonly [en: string, ko: string]>> = {
  gas_transport: ['Fuel and transport', '주유·교통'],
  grocery_net: ['Groceries, online', '식료품(온라인)'],
  grocery_pos: ['Groceries, in store', '식료품(매장)'],
  misc_net: ['Miscellaneous, online', '기타(온라인)'],
  misc_pos: ['Miscellaneous, in store', '기타(매장)'],
  shopping_net: ['Shopping, online', '쇼핑(온라인)'],
  shopping_pos: ['Shopping, in store', '쇼핑(매장)'],
  entertainment: ['Entertainment', '여가·오락'],
  food_dining: ['Food and dining', '외식'],
  health_fitness: ['Health and fitness', '건강·운동'],
  home: ['Home', '생활·가정'],
  kids_pets: ['Children and pets', '유아·반려동물'],
  personal_care: ['Personal care', '미용'],
  travel: ['Travel', '여행'],
  other: ['Other', '그 밖'],
};

export function categoryName(category: string, language: Language): string {
  const found = Object.prototype.hasOwnProperty.call(names, category) ? names[category] : undefined;
  return found ? found[language === 'en' ? 0 : 1] : plainName(category);
}
