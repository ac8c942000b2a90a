# SPDX-License-Identifier: Apache-2.0
"""Entity types of header partners and of pricing elements (API_SALES_ORDER_SRV); notation: `odata.schema`."""

from ..odata.schema import Navigation, entity_set

A_SALES_ORDER_HEADER_PARTNER = entity_set(
    "A_SalesOrderHeaderPartner",
    navigations=(Navigation("to_SalesOrder", "A_SalesOrder", to_many=False),),
    alpha=("SalesOrder", "Customer", "Supplier", "ReferenceBusinessPartner"),
    properties="""
SalesOrder                      S10    key upper ro
PartnerFunction                 S2     key upper
PartnerFunctionInternalCode     S2     upper ro
Customer                        S10    upper
Supplier                        S10    upper
Personnel                       S8     numc
ContactPerson                   S10    numc
WorkAssignmentExternalID        S100
ReferenceBusinessPartner        S10    upper ro
AddressID                       S10    upper
VATRegistration                 S20    upper
""",
)

# Header and item pricing elements differ in three properties: the item number and two flags in the middle.
_PRICING_FIRST = """
PricingProcedureStep            S3     key numc
PricingProcedureCounter         S3     key numc
ConditionType                   S4     upper
PricingDateTime                 S14    upper ro
PriceConditionDeterminationDte  date   ro
ConditionCalculationType        S3     upper ro
ConditionBaseValue              D24.9  ro
ConditionRateValue              D24.9
ConditionCurrency               S5     upper currency
ConditionQuantity               D5.0   unit:ConditionQuantitySAPUnit
ConditionQuantityUnit           S3     uom
ConditionQuantitySAPUnit        S3     uom
ConditionQuantityISOUnit        S3     upper
ConditionCategory               S1     ro
ConditionIsForStatistics        bool   ro
PricingScaleType                S1     upper ro
"""

_PRICING_LAST = """
ConditionOrigin                 S1     upper ro
IsGroupCondition                S1     upper ro
ConditionRecord                 S10    upper ro
ConditionSequentialNumber       S3     numc ro
TaxCode                         S2     upper ro
WithholdingTaxCode              S2     upper ro
CndnRoundingOffDiffAmount       D6.3   ro unit:TransactionCurrency
ConditionAmount                 D16.3  ro unit:TransactionCurrency
TransactionCurrency             S5     upper currency
ConditionControl                S1     upper ro
ConditionInactiveReason         S1     upper ro
ConditionClass                  S1     upper ro
PrcgProcedureCounterForHeader   S3     numc ro
FactorForConditionBasisValue    double ro
StructureCondition              S1     upper ro
PeriodFactorForCndnBasisValue   double ro
PricingScaleBasis               S3     upper ro
ConditionScaleBasisValue        D24.9  ro
ConditionScaleBasisUnit         S3     ro uom
ConditionScaleBasisCurrency     S5     upper ro currency
CndnIsRelevantForIntcoBilling   bool   ro
ConditionIsManuallyChanged      bool   ro
ConditionIsForConfiguration     bool   ro
VariantCondition                S26    ro
"""

A_SALES_ORDER_HEADER_PR_ELEMENT = entity_set(
    "A_SalesOrderHeaderPrElement",
    navigations=(Navigation("to_SalesOrder", "A_SalesOrder", to_many=False),),
    alpha=("SalesOrder",),
    properties="SalesOrder                      S10    key upper ro" + _PRICING_FIRST + _PRICING_LAST,
)

A_SALES_ORDER_ITEM_PR_ELEMENT = entity_set(
    "A_SalesOrderItemPrElement",
    navigations=(
        Navigation("to_SalesOrder", "A_SalesOrder", to_many=False),
        Navigation("to_SalesOrderItem", "A_SalesOrderItem", to_many=False),
    ),
    alpha=("SalesOrder",),
    properties="""
SalesOrder                      S10    key upper ro
SalesOrderItem                  S6     key numc ro
"""
    + _PRICING_FIRST
    + """
IsRelevantForAccrual            bool   ro
CndnIsRelevantForInvoiceList    S1     upper ro
"""
    + _PRICING_LAST,
)
