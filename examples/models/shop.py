"""Prices of a shop: what the demo of models refills."""

GREETING = "welcome to the shop"


def total(prices, rebate):
    result = 0
    for price in prices:
        result = result + price * rebate
    return result


def cheapest(prices):
    return min(prices)
