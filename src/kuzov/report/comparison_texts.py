"""Every text of the page that compares two bundles, in English and Russian."""

from __future__ import annotations

from kuzov.report.texts import Words

TITLE = Words("Two models side by side", "Две модели рядом")
BUNDLES = Words("A is {a}, B is {b}", "А — {a}, Б — {b}")

SAME = Words(
    "Both recognise the same {right} of {total} photos: on these photos there is no difference.",
    "Обе узнают одни и те же {right} из {total} фото: на этих фото разницы нет.",
)
A_TIE = Words(
    "Both recognise {right} of {total} photos, though not the same ones.",
    "Обе узнают {right} из {total} фото, хотя и не одни и те же.",
)
CHANCE = Words(
    "{better} recognises {more} of {total} photos, {worse} {fewer}; so small a difference can be chance.",
    "{better} узнаёт {more} из {total} фото, {worse} — {fewer}; такая малая разница может быть случайной.",
)
NO_CHANCE = Words(
    "{better} is better: it recognises {more} of {total} photos, {worse} {fewer}; that is hardly chance.",
    "{better} лучше: она узнаёт {more} из {total} фото, {worse} — {fewer}; вряд ли это случайность.",
)
TEST = Words(
    "Only the photos tell that one of the two recognises and the other doesn't: {only_a} for A, {only_b} for "
    "B. Of two equally good models, such a difference or a greater one comes by chance with probability {p} "
    "(McNemar's exact test); below {limit} it is called no chance.",
    "Судить можно лишь по фото, которые узнаёт одна из двух, а другая нет: {only_a} за А, {only_b} за Б. У "
    "двух одинаково хороших моделей такая или большая разница выходит случайно с вероятностью {p} (точный "
    "критерий Макнемара); меньше {limit} — случайностью её не считают.",
)
A = Words("A", "А")
B = Words("B", "Б")

FIGURES = Words("Figures", "Цифры")
FIGURE = Words("figure", "показатель")
RIGHT = Words("photos recognised", "узнано фото")
ACCURACY = Words("accuracy", "доля верных")
INTERVAL = Words("95\u00a0% interval", "95-процентный интервал")
ECE = Words("calibration error (ECE)", "ошибка калибровки (ECE)")
MARKED_UNKNOWN = Words("marked as unknown", "отмечено как незнакомые")
COUNT_OF = Words("{count} of {total}", "{count} из {total}")

TOGETHER = Words("Who recognises what", "Кто что узнаёт")
OUTCOME = Words("outcome", "исход")
BOTH_RIGHT = Words("both", "обе")
ONLY_A = Words("only A", "только А")
ONLY_B = Words("only B", "только Б")
NEITHER = Words("neither", "ни одна")

DIFFERENCES = Words("Where they differ", "Где они расходятся")
DIFFERENCES_CAPTION = Words(
    "Photos with different answers: {count}. Those come first that one of the two recognises.",
    "Фото с разными ответами: {count}. Сначала те, которые узнаёт одна из двух.",
)
NO_DIFFERENCES = Words("They answer alike on every photo.", "На каждом фото ответы одинаковы.")
TOLD = Words(
    "it shows {truth}; A: {a} ({a_probability}); B: {b} ({b_probability})",
    "на фото {truth}; А: {a} ({a_probability}); Б: {b} ({b_probability})",
)
